// Networks that somebody may be in: allow-lists of senders, and trusted proxies.
#pragma once

#include <vector>

#include "webhookcore/core/address_policy.h"

namespace webhookcore {

// An IPv4 address that was written as IPv6 (::ffff:192.0.2.1) is the IPv4 address:
// a socket that takes both families shows every IPv4 peer like that.
IpAddress without_mapping(const IpAddress& address);

class AddressSet {
 public:
  explicit AddressSet(std::vector<Cidr> networks);

  // `address` as without_mapping() gives it.
  bool contains(const IpAddress& address) const;

 private:
  std::vector<Cidr> networks_;
};

}  // namespace webhookcore
