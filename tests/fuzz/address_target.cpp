// An IP address as text of any shape: what is read and allowed is a public address.
#include "fuzz_input.h"
#include "webhookcore/core/address_policy.h"

using namespace webhookcore;
using namespace webhookcore::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto address = parse_ip(as_text(data, size));
  if (!address) return 0;
  const auto again = parse_ip(to_string(*address));
  require(again && to_string(*again) == to_string(*address));
  return 0;
}
