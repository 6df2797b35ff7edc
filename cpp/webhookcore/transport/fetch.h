// One request and its whole answer, for what the library itself has to get: the keys of
// providers. By the same guard and the same rules as deliveries.
#pragma once

#include <string>
#include <vector>

#include "webhookcore/base/error.h"
#include "webhookcore/transport/curl_transport.h"

namespace webhookcore {

struct FetchedResponse {
  int status = 0;  // Whatever it is: a redirect is returned and not followed.
  std::vector<OwnedHeader> headers = {};
  std::string body = {};
};

// Blocks for at most the attempt's timeout. A body above `max_bytes` (at most 64 KiB)
// is a failure, and so is one that is cut off. ErrorCode::invalid_url, blocked_address,
// fetch_failed, or config for options that cannot be.
Result<FetchedResponse> fetch(const CurlOptions& options, HttpAttempt attempt,
                              std::size_t max_bytes, std::shared_ptr<Resolver> resolver = nullptr);

}  // namespace webhookcore
