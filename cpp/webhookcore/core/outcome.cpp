#include "webhookcore/core/outcome.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "webhookcore/base/bytes.h"

namespace webhookcore {

namespace {

constexpr std::array<std::string_view, 12> kTransportErrors = {
    "none",         "dns",       "connect",         "tls",         "timeout",
    "bad_response", "reset",     "blocked_address", "invalid_url", "invalid_request",
    "cancelled",    "not_signed"};
constexpr std::array<std::string_view, 5> kOutcomes = {"delivered", "transient", "throttled",
                                                       "permanent", "gone"};

template <typename Enum, std::size_t N>
std::optional<Enum> parse_name(const std::array<std::string_view, N>& names,
                               std::string_view text) {
  const auto found = std::find(names.begin(), names.end(), text);
  if (found == names.end()) return std::nullopt;
  return static_cast<Enum>(found - names.begin());
}

bool is_refusal(int status) {
  return status >= 400 && status <= 499 && status != 408 && status != 409 && status != 425 &&
         status != 429;
}

Outcome judge_status(int status, ClientErrors client_errors) {
  if (status >= 200 && status <= 299) return Outcome::delivered;
  if (status == 410) return Outcome::gone;
  if (status == 429 || status == 503) return Outcome::throttled;
  if (is_refusal(status) && client_errors == ClientErrors::die) return Outcome::permanent;
  // 408, 409, 425; 5xx; a redirect, which is never followed but is often a deployment's passing
  // state; and numbers that HTTP does not have.
  return Outcome::transient;
}

}  // namespace

std::string_view to_string(TransportError error) {
  return kTransportErrors[static_cast<std::size_t>(error)];
}

std::optional<TransportError> parse_transport_error(std::string_view text) {
  return parse_name<TransportError>(kTransportErrors, text);
}

std::string_view to_string(Outcome outcome) { return kOutcomes[static_cast<std::size_t>(outcome)]; }

std::optional<Outcome> parse_outcome(std::string_view text) {
  return parse_name<Outcome>(kOutcomes, text);
}

Outcome judge(std::optional<int> status, TransportError error, ClientErrors client_errors) {
  if (error == TransportError::blocked_address || error == TransportError::invalid_url ||
      error == TransportError::invalid_request) {
    return Outcome::permanent;
  }
  return status ? judge_status(*status, client_errors) : Outcome::transient;
}

bool blames_endpoint(Outcome outcome, std::optional<int> status) {
  const bool may_pass = outcome == Outcome::transient || outcome == Outcome::throttled;
  return may_pass && !(status && is_refusal(*status));
}

}  // namespace webhookcore
