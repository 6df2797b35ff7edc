#include "webhookcore/core/address_policy.h"

#include <algorithm>

namespace webhookcore {

namespace {

using Family = IpAddress::Family;
using Groups = std::array<std::uint16_t, 8>;

struct Denied {
  Cidr network;
  std::string_view reason;
};

constexpr Cidr v4(std::array<std::uint8_t, 4> octets, int length = 32) {
  return {{Family::v4, {octets[0], octets[1], octets[2], octets[3]}}, length};
}

constexpr Cidr v6(const Groups& groups, int length = 128) {
  Cidr cidr{{Family::v6, {}}, length};
  for (std::size_t i = 0; i < groups.size(); ++i) {
    cidr.network.bytes[2 * i] = static_cast<std::uint8_t>(groups[i] >> 8);
    cidr.network.bytes[2 * i + 1] = static_cast<std::uint8_t>(groups[i] & 0xFF);
  }
  return cidr;
}

// What hands out credentials to whoever can reach it: no allow-list opens these.
constexpr std::array kMetadata = {
    v4({169, 254, 169, 254}),  // AWS, Google, Azure, DigitalOcean and most others.
    v4({169, 254, 169, 253}),  // AWS: its resolver.
    v4({169, 254, 170, 2}),    // AWS: credentials of ECS tasks,
    v4({169, 254, 170, 23}),   // and of EKS pods.
    v4({169, 254, 42, 42}),    // Scaleway
    v4({169, 254, 0, 23}),     // Tencent
    v4({168, 63, 129, 16}),    // Azure: WireServer.
    v4({100, 100, 100, 200}),  // Alibaba
    v4({192, 0, 0, 192}),      // Oracle
    v6({0xFD00, 0x0EC2, 0, 0, 0, 0, 0, 0x0254}),  // AWS, as 169.254.169.254,
    v6({0xFD00, 0x0EC2, 0, 0, 0, 0, 0, 0x0253}),  // its resolver
    v6({0xFD00, 0x0EC2, 0, 0, 0, 0, 0, 0x0023}),  // and EKS pods.
    v6({0xFD20, 0x00CE, 0, 0, 0, 0, 0, 0x0254}),  // Google
    v6({0xFE80, 0, 0, 0, 0, 0, 0xA9FE, 0xA9FE}),  // OpenStack
};

constexpr std::array<Denied, 19> kDeniedV4 = {{
    {v4({0, 0, 0, 0}, 8), "this network"},
    {v4({10, 0, 0, 0}, 8), "private network"},
    {v4({100, 64, 0, 0}, 10), "carrier-grade NAT"},
    {v4({127, 0, 0, 0}, 8), "loopback"},
    {v4({168, 63, 129, 16}, 32), "cloud metadata"},
    {v4({169, 254, 0, 0}, 16), "link-local"},
    {v4({172, 16, 0, 0}, 12), "private network"},
    {v4({192, 0, 0, 0}, 24), "protocol assignment"},
    {v4({192, 0, 2, 0}, 24), "documentation"},
    {v4({192, 31, 196, 0}, 24), "AS112"},
    {v4({192, 52, 193, 0}, 24), "AMT relay"},
    {v4({192, 88, 99, 0}, 24), "6to4 relay"},
    {v4({192, 168, 0, 0}, 16), "private network"},
    {v4({192, 175, 48, 0}, 24), "AS112"},
    {v4({198, 18, 0, 0}, 15), "benchmarking"},
    {v4({198, 51, 100, 0}, 24), "documentation"},
    {v4({203, 0, 113, 0}, 24), "documentation"},
    {v4({224, 0, 0, 0}, 4), "multicast"},
    {v4({240, 0, 0, 0}, 4), "reserved"},
}};

// Only this is allowed, and of it not the six networks below.
constexpr Cidr kGlobalUnicast = v6({0x2000}, 3);

constexpr std::array<Denied, 6> kDeniedV6 = {{
    {v6({0x2001}, 23), "protocol assignment"},  // Teredo, ORCHID, benchmarking.
    {v6({0x2001, 0x0DB8}, 32), "documentation"},
    {v6({0x2002}, 16), "6to4"},
    {v6({0x2620, 0x004F, 0x8000}, 48), "AS112"},
    {v6({0x3FFE}, 16), "6bone"},
    {v6({0x3FFF}, 20), "documentation"},
}};

// Only to say it better than "not global unicast".
constexpr std::array<Denied, 9> kOutsideGlobalUnicast = {{
    {v6({}, 128), "unspecified"},
    {v6({0, 0, 0, 0, 0, 0, 0, 1}, 128), "loopback"},
    {v6({0, 0, 0, 0, 0, 0xFFFF}, 96), "IPv4-mapped"},
    {v6({}, 96), "IPv4-compatible"},
    {v6({0x0064, 0xFF9B}, 32), "NAT64"},
    {v6({0xFC00}, 7), "unique local"},
    {v6({0xFE80}, 10), "link-local"},
    {v6({0xFEC0}, 10), "site-local"},
    {v6({0xFF00}, 8), "multicast"},
}};

// Networks whose addresses carry an IPv4 address, and where it begins.
struct Embedding {
  Cidr network;
  std::size_t offset;
};

constexpr std::array<Embedding, 5> kEmbeddings = {{
    {v6({0, 0, 0, 0, 0, 0xFFFF}, 96), 12},  // Mapped.
    {v6({0, 0, 0, 0, 0xFFFF}, 96), 12},     // Translated (SIIT).
    {v6({}, 96), 12},                       // Compatible.
    {v6({0x0064, 0xFF9B}, 96), 12},         // NAT64.
    {v6({0x2002}, 16), 2},                  // 6to4.
}};

// Ports that a browser refuses, because what listens there may take an HTTP
// request for something else (WHATWG Fetch, "bad port").
constexpr std::array<std::uint16_t, 83> kBadPorts = {
    0,    1,    7,    9,    11,   13,   15,   17,   19,   20,   21,   22,   23,   25,
    37,   42,   43,   53,   69,   77,   79,   87,   95,   101,  102,  103,  104,  109,
    110,  111,  113,  115,  117,  119,  123,  135,  137,  139,  143,  161,  179,  389,
    427,  465,  512,  513,  514,  515,  526,  530,  531,  532,  540,  548,  554,  556,
    563,  587,  601,  636,  989,  990,  993,  995,  1719, 1720, 1723, 2049, 3659, 4045,
    4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080};

template <typename Table>
std::optional<std::string_view> reason_in(const Table& table, const IpAddress& address) {
  for (const Denied& row : table) {
    if (contains(row.network, address)) return row.reason;
  }
  return std::nullopt;
}

std::optional<IpAddress> embedded_v4(const IpAddress& address) {
  for (const Embedding& form : kEmbeddings) {
    if (!contains(form.network, address)) continue;
    IpAddress inner;
    std::copy_n(address.bytes.begin() + static_cast<std::ptrdiff_t>(form.offset), 4,
                inner.bytes.begin());
    return inner;
  }
  return std::nullopt;
}

bool is_metadata(const IpAddress& address) {
  const auto covers = [&](const Cidr& network) { return contains(network, address); };
  if (std::any_of(kMetadata.begin(), kMetadata.end(), covers)) return true;
  const auto inner = embedded_v4(address);
  return inner && is_metadata(*inner);
}

}  // namespace

std::optional<std::string_view> denied_because(const AddressPolicy& policy,
                                               const IpAddress& address) {
  if (is_metadata(address)) return "cloud metadata";
  const auto covers = [&](const Cidr& network) { return contains(network, address); };
  if (std::any_of(policy.allow.begin(), policy.allow.end(), covers)) return std::nullopt;
  if (address.family == Family::v4) return reason_in(kDeniedV4, address);
  if (contains(kGlobalUnicast, address)) return reason_in(kDeniedV6, address);
  return reason_in(kOutsideGlobalUnicast, address).value_or("not global unicast");
}

bool port_allowed(const AddressPolicy& policy, std::uint16_t port) {
  if (port == 0) return false;
  if (!policy.ports.empty()) {
    return std::find(policy.ports.begin(), policy.ports.end(), port) != policy.ports.end();
  }
  return std::find(kBadPorts.begin(), kBadPorts.end(), port) == kBadPorts.end();
}

}  // namespace webhookcore
