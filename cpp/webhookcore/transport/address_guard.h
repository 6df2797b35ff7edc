// Judges a URL with the parser that will send it (libcurl's), so that there is no
// second opinion to disagree with, and a socket address before it is dialled.
#pragma once

#include <sys/socket.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "webhookcore/base/error.h"
#include "webhookcore/core/address_policy.h"

namespace webhookcore {

struct CheckedUrl {
  bool https = true;
  HostName host;
  std::uint16_t port = 443;
  std::string normal_form;  // With the normal host: what is stored and dialled.
};

// check_url_text(), libcurl's parse, check_host(), the port. Never resolves a name.
// ErrorCode::invalid_url or blocked_address.
Result<CheckedUrl> check_url(const AddressPolicy& policy, std::string_view url);

// The addresses of this machine's interfaces, public ones too: what listens there
// trusts its own host, and no table can know them (reliability.md, section 4).
std::vector<IpAddress> own_addresses();

// nullopt for any family but AF_INET and AF_INET6.
std::optional<IpAddress> address_of(const sockaddr* address);

// The policy together with what it cannot know by itself.
class AddressGuard {
 public:
  explicit AddressGuard(AddressPolicy policy) : AddressGuard(std::move(policy), own_addresses()) {}
  AddressGuard(AddressPolicy policy, std::vector<IpAddress> own)
      : policy_(std::move(policy)), own_(std::move(own)) {}

  const AddressPolicy& policy() const { return policy_; }

  // Why the address may not be dialled, or nullopt when it may.
  std::optional<std::string_view> denied_because(const IpAddress& address) const;

  // For a name that is being registered: one denied address refuses it, because
  // whoever owns the name chooses which of them is used. (When it is dialled later,
  // denied ones are only dropped.) ErrorCode::blocked_address.
  Result<void> judge_for_registration(std::span<const IpAddress> addresses) const;

 private:
  AddressPolicy policy_;
  std::vector<IpAddress> own_;
};

}  // namespace webhookcore
