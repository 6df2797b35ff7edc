#include "webhookcore/engine/attempt_request.h"

#include <algorithm>
#include <array>
#include <utility>

#include "webhookcore/base/bytes.h"
#include "webhookcore/core/sending_schemes.h"
#include "webhookcore/core/signer.h"

namespace webhookcore {

namespace {

OwnedHeader* find_named(std::vector<OwnedHeader>& headers, std::string_view name) {
  const auto found = std::find_if(headers.begin(), headers.end(), [&](const OwnedHeader& other) {
    return equals_ignoring_case(other.name, name);
  });
  return found == headers.end() ? nullptr : &*found;
}

// Two schemes may share a header; a second one of the name would spoil both. False when
// there is no room for the values of both.
bool add_signed(std::vector<OwnedHeader>& headers, const Scheme& scheme, OwnedHeader header) {
  OwnedHeader* there = find_named(headers, header.name);
  if (there == nullptr) {
    headers.push_back(std::move(header));
    return true;
  }
  if (there->value == header.value) return true;
  auto joined = join_signatures(scheme, header.name, there->value, header.value);
  if (!joined) return false;
  there->value = std::move(*joined);
  return true;
}

// Those that do not depend on a signature, for the schemes that sign some.
std::vector<Header> unsigned_headers(const PreparedEndpoint& endpoint, const Message& message) {
  std::vector<Header> headers{{"Content-Type", message.content_type}};
  for (const OwnedHeader& header : endpoint.own_headers) {
    // An empty one is nothing that a signature could cover.
    if (!header.value.empty()) headers.push_back({header.name, header.value});
  }
  return headers;
}

// The signer names what it could not sign: a part of the message stays as it is, and so
// does a scheme that changes bodies; a key or a clock may not.
Unsendable unsigned_because(const Error& error) {
  constexpr std::array<std::string_view, 5> parts = {"id", "type", "url", "body", "scheme"};
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
  const auto others = unsigned_headers(endpoint, message);
  const SigningRequest request{.body = message.body,
                               .id = message.id,
                               .type = message.type,
                               .timestamp = now,
                               .url = endpoint.row.url,
                               .content_type = message.content_type,
                               .headers = others};
  for (const SchemeKeys& signing : endpoint.signing) {
    auto headers = sign(*signing.scheme, signing.keys, request);
    if (!headers.ok()) return unsigned_because(headers.error());
    for (OwnedHeader& header : *headers) {
      const std::string name = header.name;
      if (add_signed(attempt.headers, *signing.scheme, std::move(header))) continue;
      return Unsendable{TransportError::not_signed, "two schemes write the header " + name};
    }
  }
  for (const OwnedHeader& header : endpoint.own_headers) {
    if (find_named(attempt.headers, header.name) == nullptr) attempt.headers.push_back(header);
  }
  attempt.body = std::make_shared<const std::string>(message.body);
  attempt.timeout = endpoint.row.timeout;
  attempt.connect_timeout = std::min(attempt.connect_timeout, attempt.timeout);
  return attempt;
}

}  // namespace webhookcore
