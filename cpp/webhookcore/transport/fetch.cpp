#include "webhookcore/transport/fetch.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace webhookcore {
namespace {

// Past the deadline, for a loop that should have ended the transfer by itself.
constexpr Duration spare{1000};

Error error_of(const TransferResult& result) {
  const std::string text = std::string(to_string(result.error)) + ": " + result.error_text;
  switch (result.error) {
    case TransportError::blocked_address:
      return {ErrorCode::blocked_address, result.error_text, "url"};
    case TransportError::invalid_url:
      return {ErrorCode::invalid_url, result.error_text, "url"};
    default:
      return {ErrorCode::fetch_failed, text};
  }
}

}  // namespace

Result<FetchedResponse> fetch(const CurlOptions& options, HttpAttempt attempt,
                              std::size_t max_bytes, std::shared_ptr<Resolver> resolver) {
  const std::size_t limit = std::min(max_bytes, kMostFetchedBytes);
  attempt.response_body = {.read = limit, .kept = limit};
  const Duration patience = attempt.timeout + spare;
  // Of its own: one that is kept would have lost its threads after a fork.
  if (!resolver) resolver = make_system_resolver({.threads = 1});
  auto transport = make_curl_transport(options, std::move(resolver));
  if (!transport) return transport.error();

  (*transport)->start(1, std::move(attempt));
  auto ended = (*transport)->poll(patience);
  if (ended.empty()) ended = (*transport)->cancel_all();
  if (ended.empty()) return Error{ErrorCode::fetch_failed, "the transfer was lost"};
  TransferResult& result = ended.front();
  if (!result.status) return error_of(result);
  if (!result.is_whole) {
    return Error{ErrorCode::fetch_failed,
                 "the answer was cut off, or has more than " + std::to_string(limit) + " bytes"};
  }
  return FetchedResponse{*result.status, std::move(result.response_headers),
                         std::move(result.response_body)};
}

}  // namespace webhookcore
