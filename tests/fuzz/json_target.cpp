// A body of any shape: what is found in it is text, and never more items than allowed; a
// member that is put into it is the one that readers find.
#include "fuzz_input.h"
#include "webhookcore/core/event_fields.h"
#include "webhookcore/core/jwk.h"
#include "webhookcore/core/special/json_edit.h"

using namespace webhookcore;
using namespace webhookcore::fuzz;

namespace {

void edit(std::string_view body) {
  std::string edited(body);
  constexpr std::string_view value = R"("new")";
  special::set_member(edited, special::whole_value(edited), "id", value);
  if (!is_json_object(body)) return;
  // One that was there, however its name is written, got the value and no twin.
  require(!has_event_field(body, "id") || edited.size() < body.size() + value.size());
  constexpr std::string_view path = "id";
  require(find_event_fields(edited, std::span(&path, 1)).front() == "new");
}

void read_texts(std::string_view body) {
  constexpr std::string_view names[] = {"id", "a"};
  const auto texts = find_text_fields(body, names);
  if (!texts) return;
  require(*texts == find_event_fields(body, names));
  const auto other = first_other_member(body, "id");
  require(!other || *other != "id");
}

}  // namespace

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
  read_texts(body);
  edit(body);
  return 0;
}
