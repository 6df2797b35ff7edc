#include "webhookcore/engine/attempt_request.h"

#include <algorithm>
#include <utility>

#include "webhookcore/base/bytes.h"
#include "webhookcore/core/reserved_headers.h"
#include "webhookcore/core/signer.h"

namespace webhookcore {

namespace {

// Two schemes may share a header; a second one of the name would spoil both.
void add_once(std::vector<OwnedHeader>& headers, OwnedHeader header) {
  const bool there = std::any_of(headers.begin(), headers.end(), [&](const OwnedHeader& other) {
    return equals_ignoring_case(other.name, header.name);
  });
  if (!there) headers.push_back(std::move(header));
}

bool may_be_sent(const OwnedHeader& header) {
  return is_header_name(header.name) && is_header_value(header.value) &&
         !is_reserved_header(header.name);
}

}  // namespace

Result<HttpAttempt> make_attempt_request(const PreparedEndpoint& endpoint, const Message& message,
                                         TimePoint now) {
  if (!endpoint.cannot_sign.empty()) return Error{ErrorCode::config, endpoint.cannot_sign};
  if (!is_header_value(message.content_type)) {
    return Error{ErrorCode::config, "the message's content type is no header value"};
  }
  HttpAttempt attempt{.url = endpoint.row.url, .headers = {}, .body = nullptr};
  attempt.headers.push_back({"Content-Type", message.content_type});
  const SigningRequest request{.body = message.body,
                               .id = message.id,
                               .type = message.type,
                               .timestamp = now,
                               .url = endpoint.row.url,
                               .content_type = message.content_type};
  for (const SchemeKeys& signing : endpoint.signing) {
    auto headers = sign(*signing.scheme, signing.keys, request);
    if (!headers.ok()) return headers.error();
    for (OwnedHeader& header : *headers) add_once(attempt.headers, std::move(header));
  }
  for (const OwnedHeader& header : endpoint.row.headers) {
    if (may_be_sent(header)) add_once(attempt.headers, header);
  }
  attempt.body = std::make_shared<const std::string>(message.body);
  attempt.timeout = endpoint.row.timeout;
  attempt.connect_timeout = std::min(attempt.connect_timeout, attempt.timeout);
  return attempt;
}

}  // namespace webhookcore
