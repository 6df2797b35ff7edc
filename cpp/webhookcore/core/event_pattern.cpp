#include "webhookcore/core/event_pattern.h"

namespace webhookcore {

bool matches_event_pattern(std::string_view pattern, std::string_view type) {
  std::size_t at_pattern = 0;
  std::size_t at_type = 0;
  // Where to go on when a guess about the last star fails. An earlier star never
  // has to be guessed again: what it left over, the later one can take.
  std::size_t after_star = std::string_view::npos;
  std::size_t star_took_until = 0;
  while (at_type < type.size()) {
    if (at_pattern < pattern.size() && pattern[at_pattern] == '*') {
      after_star = ++at_pattern;
      star_took_until = at_type;
    } else if (at_pattern < pattern.size() && pattern[at_pattern] == type[at_type]) {
      ++at_pattern;
      ++at_type;
    } else if (after_star != std::string_view::npos) {
      at_pattern = after_star;
      at_type = ++star_took_until;
    } else {
      return false;
    }
  }
  while (at_pattern < pattern.size() && pattern[at_pattern] == '*') ++at_pattern;
  return at_pattern == pattern.size();
}

}  // namespace webhookcore
