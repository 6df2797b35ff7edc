// The ways out that an operator may configure: a proxy, a local interface.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "webhookcore/base/error.h"
#include "webhookcore/core/address_policy.h"

namespace webhookcore {

struct ProxyHost {
  std::string name;  // As libcurl looks it up: no brackets.
  std::uint16_t port = 0;
  std::optional<IpAddress> literal = {};
};

// ErrorCode::config for anything but http and https with a host and a port. Never
// repeats the text: it may hold a password.
Result<ProxyHost> parse_proxy(const std::string& proxy);

// The interface or local address in CURLOPT_INTERFACE's form. ErrorCode::config when
// this machine has no such thing.
Result<std::string> parse_interface(const std::string& interface);

}  // namespace webhookcore
