// A body of any shape: what is found in it is text, and never more items than allowed.
#include "fuzz_input.h"
#include "webhookcore/core/event_fields.h"
#include "webhookcore/core/jwk.h"

using namespace webhookcore;
using namespace webhookcore::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body = as_text(data, size);
  constexpr std::string_view paths[] = {"id", "a.b", "", ".", "signature.token"};
  const auto fields = find_event_fields(body, paths);
  require(fields.size() == std::size(paths));
  constexpr std::size_t limit = 3;
  const auto items = find_in_items(body, "a", paths, limit);
  require(!items || items->size() <= limit);
  if (fields[0]) require(is_json_object(body) || fields[0]->size() <= body.size());
  (void)has_event_field(body, "a.b");
  (void)parse_jwk(body);
  return 0;
}
