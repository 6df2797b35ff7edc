// What may be said about a URL's text and its host, without resolving a name.
#include <algorithm>

#include "webhookcore/base/bytes.h"
#include "webhookcore/core/address_policy.h"

namespace webhookcore {

namespace {

constexpr std::size_t kMaxUrlBytes = 8192;
constexpr std::size_t kMaxNameBytes = 253;  // RFC 1035, without the trailing dot.
constexpr std::size_t kMaxLabelBytes = 63;

Error invalid(std::string detail) { return {ErrorCode::invalid_url, std::move(detail), "url"}; }

bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() &&
         equals_ignoring_case(text.substr(0, prefix.size()), prefix);
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

std::vector<std::string_view> split_labels(std::string_view name) {
  std::vector<std::string_view> labels;
  std::size_t dot = 0;
  while ((dot = name.find('.')) != std::string_view::npos) {
    labels.push_back(name.substr(0, dot));
    name.remove_prefix(dot + 1);
  }
  labels.push_back(name);
  return labels;
}

// A number as the WHATWG URL standard reads one part of an IPv4 address: "0x" for
// hexadecimal (alone: zero), a leading "0" for octal, at most 2^32 - 1.
std::optional<std::uint64_t> parse_part(std::string_view text) {
  unsigned base = 10;
  if (starts_with_ignoring_case(text, "0x")) {
    base = 16;
    text.remove_prefix(2);
  } else if (text.size() > 1 && text.front() == '0') {
    base = 8;
    text.remove_prefix(1);
  } else if (text.empty()) {
    return std::nullopt;
  }
  std::uint64_t value = 0;
  for (const char c : to_lower_ascii(text)) {
    const unsigned digit = is_digit(c)            ? static_cast<unsigned>(c - '0')
                           : c >= 'a' && c <= 'f' ? static_cast<unsigned>(c - 'a') + 10
                                                  : 16;
    if (digit >= base) return std::nullopt;
    value = value * base + digit;
    if (value > 0xFFFFFFFF) return std::nullopt;
  }
  return value;
}

// One to four parts; the last one fills all bytes that are left.
std::optional<IpAddress> parse_legacy_v4(const std::vector<std::string_view>& parts) {
  if (parts.size() > 4) return std::nullopt;
  std::uint64_t address = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto part = parse_part(parts[i]);
    if (!part) return std::nullopt;
    const std::size_t bytes = i + 1 < parts.size() ? 1 : 5 - parts.size();
    if (*part >> (8 * bytes) != 0) return std::nullopt;
    address = address << (8 * bytes) | *part;
  }
  IpAddress result;
  for (std::size_t i = 0; i < 4; ++i) {
    result.bytes[i] = static_cast<std::uint8_t>(address >> (24 - 8 * i) & 0xFF);
  }
  return result;
}

// Then the host must be an IPv4 address: some resolver would read it as one.
bool ends_in_number(std::string_view last_label) {
  return all_digits(last_label) || parse_part(last_label).has_value() ||
         starts_with_ignoring_case(last_label, "0x");
}

bool is_label(std::string_view label) {
  const auto legal = [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || c == '-' || c == '_';
  };
  return !label.empty() && label.size() <= kMaxLabelBytes && label.front() != '-' &&
         label.back() != '-' && std::all_of(label.begin(), label.end(), legal);
}

// `localhost` is a name for loopback everywhere (RFC 6761), so it is open where a
// part of loopback is. The address that is dialled is judged again.
bool allows_loopback(const AddressPolicy& policy) {
  const Cidr loopback_v4{{IpAddress::Family::v4, {127}}, 8};
  const IpAddress first_v4{IpAddress::Family::v4, {127, 0, 0, 1}};
  const IpAddress only_v6{IpAddress::Family::v6, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
  return std::any_of(policy.allow.begin(), policy.allow.end(), [&](const Cidr& network) {
    return contains(network, first_v4) || contains(network, only_v6) ||
           contains(loopback_v4, network.network);
  });
}

Result<HostName> judge_literal(const AddressPolicy& policy, const IpAddress& address) {
  if (const auto reason = denied_because(policy, address)) {
    return Error{ErrorCode::blocked_address,
                 to_string(address) + " may not be dialled: " + std::string(*reason), "url"};
  }
  return HostName{to_string(address), address};
}

Result<HostName> check_bracketed(const AddressPolicy& policy, std::string_view host) {
  if (host.size() < 2 || host.back() != ']') return invalid("the host's bracket is not closed");
  const std::string_view inner = host.substr(1, host.size() - 2);
  const auto address = parse_ip(inner);
  if (!address || address->family != IpAddress::Family::v6) {
    return invalid("only an IPv6 address without a zone may stand in brackets");
  }
  return judge_literal(policy, *address);
}

}  // namespace

Result<void> check_url_text(const AddressPolicy& policy, std::string_view url) {
  if (url.size() > kMaxUrlBytes) return invalid("longer than 8,192 bytes");
  if (has_control_byte(url) || url.find_first_of(" \\") != std::string_view::npos) {
    return invalid("a control character, space or backslash in it");
  }
  const bool http = starts_with_ignoring_case(url, "http://");
  if (!http && !starts_with_ignoring_case(url, "https://")) {
    return invalid("neither https:// nor http://");
  }
  if (http && !policy.allow_http) return invalid("http:// is not allowed, only https://");
  if (url.find('#') != std::string_view::npos) return invalid("a fragment in it");
  const std::string_view rest = url.substr(http ? 7 : 8);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
  if (authority.empty()) return invalid("no host in it");
  if (authority.find('@') != std::string_view::npos) return invalid("a user name in it");
  if (authority.find('%') != std::string_view::npos) return invalid("a percent sign in its host");
  return {};
}

Result<HostName> check_host(const AddressPolicy& policy, std::string_view host) {
  if (!host.empty() && host.front() == '[') return check_bracketed(policy, host);
  std::string name = to_lower_ascii(host);
  if (!name.empty() && name.back() == '.') name.pop_back();
  if (name.empty()) return invalid("no host in it");
  if (name.size() > kMaxNameBytes) return invalid("a host name longer than 253 bytes");

  const std::vector<std::string_view> labels = split_labels(name);
  if (!std::all_of(labels.begin(), labels.end(), is_label)) {
    return invalid("not a host name (names in other scripts go in punycode)");
  }
  if (ends_in_number(labels.back())) {
    const auto address = parse_legacy_v4(labels);
    if (!address) return invalid("a host that ends in a number and is not an IPv4 address");
    return judge_literal(policy, *address);
  }
  if (labels.back() == "localhost" && !allows_loopback(policy)) {
    return Error{ErrorCode::blocked_address, "localhost may not be dialled: loopback", "url"};
  }
  return HostName{std::move(name), std::nullopt};
}

}  // namespace webhookcore
