// A secret of any shape, for any scheme: a key or an error that shows no byte of it.
#include "fuzz_input.h"
#include "webhookcore/core/scheme_key.h"

using namespace webhookcore;
using namespace webhookcore::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes = as_text(data, size);
  const Scheme& scheme = built_in_schemes()[take_number(bytes, built_in_schemes().size())];
  const auto key = parse_verification_key(scheme, bytes);
  const auto signing = parse_signing_key(scheme, bytes);
  require(key.ok() || key.error().code == ErrorCode::config);
  require(signing.ok() || signing.error().code == ErrorCode::config);
  // Who can sign can also verify.
  require(!signing.ok() || key.ok());
  if (!key.ok() && bytes.size() >= 16) {
    require(key.error().detail.find(bytes) == std::string::npos);
  }
  return 0;
}
