// Addresses and networks as text: RFC 4291 in, RFC 5952 out.
#include <algorithm>
#include <cstddef>
#include <cstdio>

#include "webhookcore/base/bytes.h"
#include "webhookcore/core/address_policy.h"

namespace webhookcore {

namespace {

constexpr int kGroups = 8;

bool parse_dotted(std::string_view text, std::uint8_t* out) {
  for (int i = 0; i < 4; ++i) {
    const std::size_t end = i < 3 ? text.find('.') : text.size();
    if (end == std::string_view::npos) return false;
    const auto octet = parse_decimal(text.substr(0, end), 3);
    if (!octet || *octet > 255) return false;
    out[i] = static_cast<std::uint8_t>(*octet);
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  return true;
}

std::optional<int> hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

bool parse_group(std::string_view text, std::uint8_t* out) {
  if (text.empty() || text.size() > 4) return false;
  int value = 0;
  for (const char c : text) {
    const auto digit = hex_value(c);
    if (!digit) return false;
    value = value * 16 + *digit;
  }
  out[0] = static_cast<std::uint8_t>(value >> 8);
  out[1] = static_cast<std::uint8_t>(value & 0xFF);
  return true;
}

// Groups between colons, without "::"; the last may be dotted decimal, which
// fills two. Empty text is no group.
struct GroupRun {
  std::array<std::uint8_t, 16> bytes{};
  int groups = 0;
};

std::optional<GroupRun> parse_groups(std::string_view text, bool dotted_allowed) {
  GroupRun run;
  while (!text.empty()) {
    const std::size_t colon = text.find(':');
    const std::string_view group = text.substr(0, colon);
    std::uint8_t* const out = run.bytes.data() + std::ptrdiff_t{2} * run.groups;
    if (group.find('.') != std::string_view::npos) {
      if (!dotted_allowed || colon != std::string_view::npos || run.groups > kGroups - 2) return {};
      if (!parse_dotted(group, out)) return {};
      run.groups += 2;
      return run;
    }
    if (run.groups == kGroups || !parse_group(group, out)) return {};
    ++run.groups;
    if (colon == std::string_view::npos) return run;
    text.remove_prefix(colon + 1);
    if (text.empty()) return {};  // Ends in a colon.
  }
  return run;
}

std::optional<IpAddress> parse_v6(std::string_view text) {
  IpAddress address{.family = IpAddress::Family::v6};
  const std::size_t gap = text.find("::");
  if (gap == std::string_view::npos) {
    const auto all = parse_groups(text, true);
    if (!all || all->groups != kGroups) return std::nullopt;
    address.bytes = all->bytes;
    return address;
  }
  const auto head = parse_groups(text.substr(0, gap), false);
  const auto tail = parse_groups(text.substr(gap + 2), true);
  if (!head || !tail || head->groups + tail->groups >= kGroups) return std::nullopt;
  std::copy_n(head->bytes.begin(), 2 * head->groups, address.bytes.begin());
  std::copy_n(tail->bytes.begin(), 2 * tail->groups,
              address.bytes.end() - std::ptrdiff_t{2} * tail->groups);
  return address;
}

struct ZeroRun {
  int start = -1;
  int length = 1;  // One zero group is written out.
};

ZeroRun longest_zero_run(const std::array<int, kGroups>& groups) {
  ZeroRun best;
  for (int start = 0; start < kGroups; ++start) {
    int end = start;
    while (end < kGroups && groups[static_cast<std::size_t>(end)] == 0) ++end;
    if (end - start > best.length) best = {start, end - start};
  }
  return best;
}

std::string v6_text(const IpAddress& address) {
  std::array<int, kGroups> groups{};
  for (std::size_t i = 0; i < groups.size(); ++i) {
    groups[i] = address.bytes[2 * i] << 8 | address.bytes[2 * i + 1];
  }
  const ZeroRun gap = longest_zero_run(groups);
  std::string text;
  for (int i = 0; i < kGroups; ++i) {
    if (i == gap.start) {
      text += "::";
      i += gap.length - 1;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    std::array<char, 5> group{};
    std::snprintf(group.data(), group.size(), "%x",
                  static_cast<unsigned>(groups[static_cast<std::size_t>(i)]));
    text += group.data();
  }
  return text;
}

Error bad_network(std::string_view text, std::string_view why) {
  return {ErrorCode::config, "not a network (" + std::string(why) + "): " + std::string(text)};
}

// Whether any bit after the first `length` is set.
bool has_host_bits(const IpAddress& address, int length, int width) {
  for (int bit = length; bit < width; ++bit) {
    const std::uint8_t byte = address.bytes[static_cast<std::size_t>(bit / 8)];
    if (byte >> (7 - bit % 8) & 1) return true;
  }
  return false;
}

}  // namespace

std::optional<IpAddress> parse_ip(std::string_view text) {
  if (text.find(':') != std::string_view::npos) return parse_v6(text);
  IpAddress address;
  if (!parse_dotted(text, address.bytes.data())) return std::nullopt;
  return address;
}

std::string to_string(const IpAddress& address) {
  if (address.family == IpAddress::Family::v6) return v6_text(address);
  std::string text;
  for (std::size_t i = 0; i < 4; ++i) {
    if (i > 0) text += '.';
    text += std::to_string(address.bytes[i]);
  }
  return text;
}

Result<Cidr> parse_cidr(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = parse_ip(text.substr(0, slash));
  if (!address) return bad_network(text, "no IP address");
  const int width = address->family == IpAddress::Family::v4 ? 32 : 128;
  int length = width;
  if (slash != std::string_view::npos) {
    const auto number = parse_decimal(text.substr(slash + 1), 3);
    if (!number || *number > width) return bad_network(text, "bad prefix length");
    length = static_cast<int>(*number);
  }
  if (has_host_bits(*address, length, width)) return bad_network(text, "host bits are set");
  return Cidr{*address, length};
}

bool contains(const Cidr& cidr, const IpAddress& address) {
  if (cidr.network.family != address.family) return false;
  for (int bit = 0; bit < cidr.prefix_length; ++bit) {
    const auto byte = static_cast<std::size_t>(bit / 8);
    const int mask = 1 << (7 - bit % 8);
    if ((cidr.network.bytes[byte] & mask) != (address.bytes[byte] & mask)) return false;
  }
  return true;
}

}  // namespace webhookcore
