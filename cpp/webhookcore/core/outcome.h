// What one HTTP attempt means for its delivery. The table is requirement D9.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "webhookcore/base/clock.h"

namespace webhookcore {

// How an attempt ended below HTTP, or `none` when a whole response head came.
enum class TransportError : std::uint8_t {
  none,
  dns,              // No address, or no answer in time.
  connect,          // Refused, unreachable, reset before the request was out.
  tls,              // Handshake or certificate.
  timeout,          // The attempt's deadline.
  bad_response,     // Not HTTP, a cut or oversized head, a protocol violation.
  reset,            // The connection broke after the request went out.
  blocked_address,  // Every address that the host has is denied by the policy.
  invalid_url,
  invalid_request,  // A message that no request can carry: a header would break the framing,
                    // or a scheme of the endpoint cannot sign it. Nothing was sent.
  cancelled,        // Shutdown took the transfer away; the receiver may have seen it.
  not_signed,       // The endpoint has no key or no such scheme; nothing was sent.
};

std::string_view to_string(TransportError error);
std::optional<TransportError> parse_transport_error(std::string_view text);

enum class Outcome : std::uint8_t {
  delivered,
  transient,  // Try again by the schedule.
  throttled,  // The same, and the receiver asked for it (429, 503).
  permanent,  // Another attempt would get the same answer.
  gone,       // 410: permanent, and the endpoint wants no more.
};

std::string_view to_string(Outcome outcome);
std::optional<Outcome> parse_outcome(std::string_view text);

// What an endpoint's refusals mean (a 4xx that is not in the table by its number): the
// end of the delivery, or an attempt like any other that failed.
enum class ClientErrors : std::uint8_t { die, retry };

// `status` is the final status line (no 1xx), or nullopt when there was none; a
// status that came with whole headers decides even if the body was cut after it
// (reliability.md S7). Pure.
Outcome judge(std::optional<int> status, TransportError error,
              ClientErrors client_errors = ClientErrors::die);

// Whether an attempt that ended so says that its endpoint does not work (requirement
// D15): a refusal of this one message is none, also where it is tried again.
bool blames_endpoint(Outcome outcome, std::optional<int> status);

// Seconds or an HTTP date in any of its three forms (RFC 9110, sections 10.2.3 and
// 5.6.7), as a wait from `now`; nullopt for anything else. Never negative; the caller applies its
// own cap.
std::optional<Duration> parse_retry_after(std::string_view value, TimePoint now);

}  // namespace webhookcore
