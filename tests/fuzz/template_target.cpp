// A content template of any shape: what is read is written back as a text that means it.
#include "fuzz_input.h"
#include "webhookcore/core/content_template.h"

using namespace webhookcore;
using namespace webhookcore::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto segments = parse_content_template(as_text(data, size));
  if (!segments.ok()) return 0;
  const std::string written = to_content_template(*segments);
  const auto again = parse_content_template(written);
  require(again.ok() && again->size() == segments->size());
  require(to_content_template(*again) == written);
  return 0;
}
