#include "webhookcore/core/correlation_id.h"

#include <algorithm>
#include <array>

#include "webhookcore/base/bytes.h"
#include "webhookcore/base/encoding.h"

namespace webhookcore {

namespace {

constexpr std::string_view kTraceparent = "traceparent";
constexpr std::array<std::string_view, 4> kNames = {"x-request-id", "x-correlation-id",
                                                    kTraceparent, kMadeCorrelationHeader};
constexpr std::size_t kLongest = 128;
constexpr std::size_t kMadeBytes = 16;

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool is_sane(std::string_view id) {
  constexpr std::string_view inside = "._:@+=-";
  return !id.empty() && id.size() <= kLongest && is_alphanumeric(id.front()) &&
         std::all_of(id.begin(), id.end(), [&](char c) {
           return is_alphanumeric(c) || inside.find(c) != std::string_view::npos;
         });
}

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

// version "-" trace "-" parent "-" flags, and in later versions "-" and more.
std::optional<std::string_view> trace_of(std::string_view value) {
  constexpr std::size_t version = 2, trace = 32, parent = 16, flags = 2;
  constexpr std::size_t at_trace = version + 1, at_parent = at_trace + trace + 1,
                        at_flags = at_parent + parent + 1, at_end = at_flags + flags;
  if (value.size() < at_end || value[version] != '-' || value[at_parent - 1] != '-' ||
      value[at_flags - 1] != '-') {
    return std::nullopt;
  }
  if (value.size() > at_end &&
      (value[at_end] != '-' || value.find('\n') != std::string_view::npos)) {
    return std::nullopt;
  }
  const std::string_view id = value.substr(at_trace, trace);
  const bool hex = is_hex(value.substr(0, version)) && is_hex(id) &&
                   is_hex(value.substr(at_parent, parent)) && is_hex(value.substr(at_flags, flags));
  if (!hex || id.find_first_not_of('0') == std::string_view::npos) return std::nullopt;
  return id;
}

std::optional<std::string_view> sane_id(std::string_view name, const Header& header) {
  if (!header.representable) return std::nullopt;
  if (name == kTraceparent) return trace_of(header.value);
  return is_sane(header.value) ? std::optional(header.value) : std::nullopt;
}

}  // namespace

std::optional<std::string> find_correlation_id(std::span<const Header> headers) {
  for (const std::string_view name : kNames) {
    for (const Header& header : headers) {
      if (!equals_ignoring_case(header.name, name)) continue;
      if (const auto id = sane_id(name, header)) return std::string(*id);
    }
  }
  return std::nullopt;
}

std::string make_correlation_id(Random& random) { return encode_hex(random.bytes(kMadeBytes)); }

}  // namespace webhookcore
