#include "webhookcore/engine/attempt_request.h"

#include <algorithm>
#include <array>
#include <utility>

#include "webhookcore/base/bytes.h"
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

// The signer names what it could not sign: a part of the message stays as it is, a key
// or a clock may not.
Unsendable unsigned_because(const Error& error) {
  constexpr std::array<std::string_view, 4> parts = {"id", "type", "url", "body"};
  const bool of_message = std::find(parts.begin(), parts.end(), error.field) != parts.end();
  return {of_message ? TransportError::invalid_request : TransportError::not_signed, error.detail};
}

}  // namespace

std::variant<HttpAttempt, Unsendable> make_attempt_request(const PreparedEndpoint& endpoint,
                                                           const Message& message, TimePoint now) {
  if (!endpoint.cannot_sign.empty()) {
    return Unsendable{TransportError::not_signed, endpoint.cannot_sign};
  }
  if (!is_header_value(message.content_type)) {
    return Unsendable{TransportError::invalid_request,
                      "the message's content type is no header value"};
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
    if (!headers.ok()) return unsigned_because(headers.error());
    for (OwnedHeader& header : *headers) add_once(attempt.headers, std::move(header));
  }
  for (const OwnedHeader& header : endpoint.own_headers) add_once(attempt.headers, header);
  attempt.body = std::make_shared<const std::string>(message.body);
  attempt.timeout = endpoint.row.timeout;
  attempt.connect_timeout = std::min(attempt.connect_timeout, attempt.timeout);
  return attempt;
}

}  // namespace webhookcore
