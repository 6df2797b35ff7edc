#include "webhookcore/core/operational_event.h"

#include <array>
#include <charconv>
#include <utility>

namespace webhookcore {

namespace {

using namespace std::chrono_literals;

constexpr Duration kOtherwise = 1h;
// A state that changed is news each time. A breaker changes its state no more often than
// its rule lets it, but the rule may be a second.
constexpr std::array<std::pair<std::string_view, Duration>, 5> kQuiet = {{
    {operational::kDisabled, 0h},
    {operational::kOpened, 5min},
    {operational::kClosed, 5min},
    {operational::kSecretOld, 24h * 7},
    {operational::kVolume, 6h},
}};

void append_escaped(std::string& json, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  json += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20) {
      json += "\\u00";
      json += kHex[byte >> 4];
      json += kHex[byte & 15];
      continue;
    }
    if (c == '"' || c == '\\') json += '\\';
    json += c;
  }
  json += '"';
}

}  // namespace

Duration quiet_period(std::string_view type) {
  for (const auto& [name, quiet] : kQuiet) {
    if (name == type) return quiet;
  }
  return kOtherwise;
}

std::string sameness(const OperationalEvent& event) {
  // Neither a type nor an id holds a line feed.
  const std::string scope = event.tenant ? "t" + *event.tenant : std::string();
  return event.type + '\n' + event.endpoint_id + '\n' + event.subject + '\n' + scope;
}

bool is_repeat(TimePoint last, Duration quiet, TimePoint now) {
  return now - last < quiet && last - now < quiet;
}

Details& Details::add_raw(std::string_view name, std::string_view value) {
  if (!members_.empty()) members_ += ',';
  append_escaped(members_, name);
  members_ += ':';
  members_ += value;
  return *this;
}

Details& Details::add(std::string_view name, std::string_view text) {
  std::string value;
  append_escaped(value, text);
  return add_raw(name, value);
}

Details& Details::add(std::string_view name, std::int64_t number) {
  return add_raw(name, std::to_string(number));
}

Details& Details::add(std::string_view name, double number) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number);
  return add_raw(name, std::string_view(text.data(), end.ptr));
}

Details& Details::add(std::string_view name, std::optional<TimePoint> at) {
  return at ? add(name, to_unix_ms(*at)) : add_raw(name, "null");
}

std::string quota_details(std::int64_t used_bytes, std::int64_t quota) {
  return Details().add("used_bytes", used_bytes).add("quota_bytes", quota).json();
}

}  // namespace webhookcore
