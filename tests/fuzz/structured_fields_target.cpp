// A structured header field of any shape (RFC 8941): what is read lies inside the text.
#include "fuzz_input.h"
#include "webhookcore/core/special/structured_fields.h"

using namespace webhookcore;
using namespace webhookcore::fuzz;

namespace {

bool lies_in(std::string_view part, std::string_view text) {
  return part.empty() ||
         (part.data() >= text.data() && part.data() + part.size() <= text.data() + text.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text(data, size);
  const auto members = special::parse_dictionary(text);
  if (!members) return 0;
  require(members->size() <= special::kMaxFieldEntries);
  for (const auto& member : *members) {
    require(lies_in(member.key, text) && lies_in(member.written, text));
    require(member.is_list || member.items.size() == 1);
    for (const auto& item : member.items) {
      require(lies_in(item.written, text) && item.value.text.size() <= text.size() + 1);
    }
  }
  return 0;
}
