// delay-seconds, or a date.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

#include "webhookcore/core/http_date.h"
#include "webhookcore/core/outcome.h"

namespace webhookcore {

namespace {

// Longer wishes read as this: about 317 years, which no cap lets through.
constexpr std::int64_t kLongestSeconds = 10'000'000'000;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::optional<Duration> parse_seconds(std::string_view text) {
  std::int64_t seconds = 0;
  for (const char c : text) {
    if (!is_digit(c)) return std::nullopt;
    seconds = std::min(kLongestSeconds, seconds * 10 + (c - '0'));
  }
  return std::chrono::seconds{seconds};
}

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace

std::optional<Duration> parse_retry_after(std::string_view value, TimePoint now) {
  const std::string_view text = trim(value);
  if (text.empty()) return std::nullopt;
  if (const auto seconds = parse_seconds(text)) return seconds;
  const auto at = parse_http_date(text, now);
  if (!at) return std::nullopt;
  return std::max(Duration::zero(), *at - now);
}

}  // namespace webhookcore
