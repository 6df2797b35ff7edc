// The sender's half of a scheme: the headers that make a request verify.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "webhookcore/base/clock.h"
#include "webhookcore/base/error.h"
#include "webhookcore/core/headers.h"
#include "webhookcore/core/scheme.h"
#include "webhookcore/core/scheme_key.h"

namespace webhookcore {

struct SigningRequest {
  std::string_view body;
  std::string_view id = {};    // Required where the scheme signs it: 1 to 256 visible ASCII.
  std::string_view type = {};  // Goes into the scheme's type header, where it has one.
  TimePoint timestamp;
  std::string_view url = {};  // Required where the scheme signs it.
  std::string_view method = "POST";
  std::string_view content_type = "application/json";  // Twilio signs forms by their fields.
  std::span<const Header> headers = {};  // Others that will be sent, where the scheme signs some.
};

// What a sender puts on a request: headers, or a body with the signature in it.
struct SignedMessage {
  std::vector<OwnedHeader> headers = {};
  std::optional<std::string> body = {};
};

// Its signature stands in the body, so a body that has to stay as it is cannot be signed.
bool signs_in_body(const Scheme& scheme);

// Signs with every key: lists carry one item for each, so that a rotation needs
// no flag day. A scheme whose header holds a single signature uses the first key.
// ErrorCode::config for no key, or for an id, type or URL that the scheme needs
// and that is missing or malformed.
Result<SignedMessage> sign_message(const Scheme& scheme, std::span<const SigningKey> keys,
                                   const SigningRequest& request);

// The same for a body that stays as it is: ErrorCode::config for a scheme that puts its
// signature into the body.
Result<std::vector<OwnedHeader>> sign(const Scheme& scheme, std::span<const SigningKey> keys,
                                      const SigningRequest& request);

}  // namespace webhookcore
