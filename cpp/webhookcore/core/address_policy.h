// Which addresses may be dialled. Judged on the socket address alone, never on
// a host name: the table is ours, because Python's and libc's ideas of "global"
// change between versions (reliability.md, section 4).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "webhookcore/base/error.h"

namespace webhookcore {

// 16 bytes in network order; an IPv4 address fills the first four.
struct IpAddress {
  enum class Family : std::uint8_t { v4, v6 };
  Family family = Family::v4;
  std::array<std::uint8_t, 16> bytes{};
};

// Strict text forms only: dotted decimal without leading zeros, RFC 4291. No zone.
std::optional<IpAddress> parse_ip(std::string_view text);
std::string to_string(const IpAddress& address);

struct Cidr {
  IpAddress network;
  int prefix_length = 0;
};

// ErrorCode::config for anything else than "address/length" or a bare address,
// and for a network with host bits set.
Result<Cidr> parse_cidr(std::string_view text);
bool contains(const Cidr& cidr, const IpAddress& address);

struct AddressPolicy {
  bool allow_http = false;
  std::vector<Cidr> allow = {};           // Exempt from the table; cloud metadata stays denied.
  std::vector<std::uint16_t> ports = {};  // Empty: all but those that browsers refuse.
};

// Why the address may not be dialled ("loopback", "cloud metadata", …), or
// nullopt when it may.
std::optional<std::string_view> denied_because(const AddressPolicy& policy,
                                               const IpAddress& address);

// Whether the policy lets a URL name this port at all.
bool port_allowed(const AddressPolicy& policy, std::uint16_t port);

// What may be said about a URL before anything parses it: at most 8,192 bytes, no
// control byte, space, DEL or backslash, `http://` or `https://` and an authority
// without userinfo or percent sign, no fragment. ErrorCode::invalid_url (also for
// a scheme other than http and https, and for http where the policy forbids it).
Result<void> check_url_text(const AddressPolicy& policy, std::string_view url);

struct HostName {
  std::string normal;                     // Lower case, no brackets, no trailing dot.
  std::optional<IpAddress> literal = {};  // When the host is an address, in any legal spelling.
};

// Judges a URL's host as libcurl's parser gave it. ASCII only: names in other
// scripts are turned to punycode before (Python: idna), never here. Refuses empty
// and over-long labels, `localhost` and its children, a zone, and (the WHATWG rule)
// a last label that is numeric without being an IPv4 address. A literal address is
// judged by denied_because(). ErrorCode::invalid_url or blocked_address.
Result<HostName> check_host(const AddressPolicy& policy, std::string_view host);

}  // namespace webhookcore
