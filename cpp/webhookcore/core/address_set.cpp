#include "webhookcore/core/address_set.h"

#include <algorithm>
#include <utility>

namespace webhookcore {

namespace {

constexpr int kMappedPrefix = 96;

bool is_mapped(const IpAddress& address) {
  constexpr std::array<std::uint8_t, 12> prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  return address.family == IpAddress::Family::v6 &&
         std::equal(prefix.begin(), prefix.end(), address.bytes.begin());
}

}  // namespace

IpAddress without_mapping(const IpAddress& address) {
  if (!is_mapped(address)) return address;
  IpAddress v4;
  std::copy(address.bytes.begin() + 12, address.bytes.end(), v4.bytes.begin());
  return v4;
}

AddressSet::AddressSet(std::vector<Cidr> networks) : networks_(std::move(networks)) {
  for (Cidr& cidr : networks_) {
    if (cidr.prefix_length < kMappedPrefix || !is_mapped(cidr.network)) continue;
    cidr = {without_mapping(cidr.network), cidr.prefix_length - kMappedPrefix};
  }
}

bool AddressSet::contains(const IpAddress& address) const {
  return std::any_of(networks_.begin(), networks_.end(),
                     [&](const Cidr& cidr) { return webhookcore::contains(cidr, address); });
}

}  // namespace webhookcore
