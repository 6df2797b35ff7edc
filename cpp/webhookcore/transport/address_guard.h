// Judges a URL with the parser that will send it (libcurl's), so that there is no
// second opinion to disagree with, and a socket address before it is dialled.
#pragma once

#include <string>
#include <string_view>

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

}  // namespace webhookcore
