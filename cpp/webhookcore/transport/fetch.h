// One request and its whole answer, for what the library itself has to get: the keys of
// providers, pages of their APIs. By the same guard and the same rules as deliveries.
#pragma once

#include <cstddef>
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

// A list of a hundred events, of which each may be as large as a provider sends them.
constexpr std::size_t kMostFetchedBytes = std::size_t{64} * 1024 * 1024;

// Blocks for at most the attempt's timeout. A body above `max_bytes` (at most the above)
// is a failure, and so is one that is cut off. ErrorCode::invalid_url, blocked_address,
// fetch_failed, or config for options that cannot be.
Result<FetchedResponse> fetch(const CurlOptions& options, HttpAttempt attempt,
                              std::size_t max_bytes, std::shared_ptr<Resolver> resolver = nullptr);

}  // namespace webhookcore
