#include "webhookcore/core/event_pattern.h"

#include <algorithm>

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

bool wants(const Subscription& subscription, std::string_view type,
           std::span<const std::string> message_channels) {
  const auto& [patterns, channels] = subscription;
  const bool is_subscribed = std::any_of(
      patterns.begin(), patterns.end(),
      [type](const std::string& pattern) { return matches_event_pattern(pattern, type); });
  return is_subscribed &&
         (channels.empty() ||
          std::find_first_of(channels.begin(), channels.end(), message_channels.begin(),
                             message_channels.end()) != channels.end());
}

}  // namespace webhookcore
