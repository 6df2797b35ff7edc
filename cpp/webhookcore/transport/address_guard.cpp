#include "webhookcore/transport/address_guard.h"

#include <ifaddrs.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "webhookcore/transport/parsed_url.h"

namespace webhookcore {
namespace {

bool same(const IpAddress& left, const IpAddress& right) {
  const std::ptrdiff_t size = left.family == IpAddress::Family::v4 ? 4 : 16;
  return left.family == right.family &&
         std::equal(left.bytes.begin(), left.bytes.begin() + size, right.bytes.begin());
}

}  // namespace

Result<CheckedUrl> check_url(const AddressPolicy& policy, std::string_view url) {
  auto parsed = parse_url(policy, url);
  if (!parsed) return parsed.error();
  return std::move(parsed->checked);
}

std::optional<IpAddress> address_of(const sockaddr* address) {
  IpAddress result;
  if (address == nullptr) return std::nullopt;
  // Copied out: the caller's bytes need not be aligned for the larger type.
  if (address->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, address, sizeof v4);
    result.family = IpAddress::Family::v4;
    std::memcpy(result.bytes.data(), &v4.sin_addr, sizeof v4.sin_addr);
    return result;
  }
  if (address->sa_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, address, sizeof v6);
    result.family = IpAddress::Family::v6;
    std::memcpy(result.bytes.data(), &v6.sin6_addr, sizeof v6.sin6_addr);
    return result;
  }
  return std::nullopt;
}

std::vector<IpAddress> own_addresses() {
  ifaddrs* list = nullptr;
  // Without a list the table still stands; a machine that cannot list its interfaces
  // can have none that we know of.
  if (getifaddrs(&list) != 0) return {};
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner{list, freeifaddrs};
  std::vector<IpAddress> addresses;
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (auto address = address_of(entry->ifa_addr)) addresses.push_back(*address);
  }
  return addresses;
}

std::optional<std::string_view> AddressGuard::denied_because(const IpAddress& address) const {
  if (auto reason = webhookcore::denied_because(policy_, address)) return reason;
  const bool own = std::any_of(own_.begin(), own_.end(),
                               [&](const IpAddress& mine) { return same(mine, address); });
  if (!own) return std::nullopt;
  const bool allowed = std::any_of(policy_.allow.begin(), policy_.allow.end(),
                                   [&](const Cidr& cidr) { return contains(cidr, address); });
  if (allowed) return std::nullopt;
  return "an address of this host";
}

Result<void> AddressGuard::judge_for_registration(std::span<const IpAddress> addresses) const {
  for (const IpAddress& address : addresses) {
    if (const auto reason = denied_because(address)) {
      return Error{ErrorCode::blocked_address,
                   to_string(address) + " is denied: " + std::string{*reason}, "url"};
    }
  }
  return {};
}

}  // namespace webhookcore
