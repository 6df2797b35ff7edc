// One URL, parsed once: what was judged is the very handle that libcurl will dial.
#pragma once

#include <string_view>

#include "webhookcore/base/error.h"
#include "webhookcore/core/address_policy.h"
#include "webhookcore/transport/address_guard.h"
#include "webhookcore/transport/curl_handles.h"

namespace webhookcore {

struct ParsedUrl {
  CheckedUrl checked;
  UrlHandle handle;  // Holds the normal form of the host.
};

// As check_url(), keeping the handle.
Result<ParsedUrl> parse_url(const AddressPolicy& policy, std::string_view url);

}  // namespace webhookcore
