// Decides whether a request was signed by someone who knows the secret, over
// exactly these bytes, recently enough. Sans-IO: the caller passes the time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "webhookcore/base/clock.h"
#include "webhookcore/base/error.h"
#include "webhookcore/core/headers.h"
#include "webhookcore/core/scheme.h"
#include "webhookcore/core/scheme_key.h"

namespace webhookcore {

// Stable codes of the public face (api.md, `VerificationError.reason`).
enum class Reason : std::uint8_t {
  missing_header,
  duplicate_header,
  header_too_large,
  too_many_signatures,
  malformed_header,
  malformed_timestamp,
  malformed_signature,
  unsupported_version,
  timestamp_too_old,
  timestamp_too_new,
  signature_mismatch,
  body_too_large,
  body_mismatch,
  malformed_body,
  untrusted_key,
};

std::string_view to_string(Reason reason);
std::optional<Reason> parse_reason(std::string_view text);
int http_status(Reason reason);  // requirements.md S7.

inline constexpr std::size_t kMaxSignatureHeaderBytes = 8192;
inline constexpr int kMaxSignatures = 64;

// Views into memory that the caller keeps alive for the call.
struct SignedRequest {
  std::string_view body;
  std::span<const Header> headers;
  std::string_view url = {};  // Full public URL, for schemes that sign it.
  std::string_view method = "POST";
};

struct Accepted {
  std::size_t secret_index = 0;             // Which of the secrets matched.
  std::optional<TimePoint> timestamp = {};  // As signed, when the scheme has one.
};

struct Refusal {
  Reason reason;
  std::string_view header = {};  // The header at fault, by its name in the scheme.
};

using Verdict = std::variant<Accepted, Refusal>;

// Holds keyed contexts. Immutable after creation, safe to share between threads.
class Verifier {
 public:
  // ErrorCode::config for no secret, a secret that cannot be a key (`field` is
  // "secrets[1]"), or a tolerance that is not above zero.
  static Result<Verifier> create(std::shared_ptr<const Scheme> scheme,
                                 std::span<const std::string_view> secrets,
                                 std::optional<Duration> tolerance);

  // Without keys no signature matches. For schemes whose keys are fetched: what can be
  // judged of a request before that, find_key_reference() in special/key_reference.h.
  static Result<Verifier> create_keyless(std::shared_ptr<const Scheme> scheme,
                                         std::optional<Duration> tolerance);

  // Never fails for anything in the request: every fault is a Refusal. The MAC
  // is checked before the age, and all keys are tried on all signatures without
  // an early exit, so that timing and reason tell a forger nothing.
  Verdict verify(const SignedRequest& request, TimePoint now) const;

  const Scheme& scheme() const { return *scheme_; }
  Duration tolerance() const { return tolerance_; }
  std::span<const VerificationKey> keys() const { return keys_; }

  // timestamp_too_old or timestamp_too_new, by the tolerance.
  std::optional<Reason> check_age(TimePoint timestamp, TimePoint now) const;

 private:
  Verifier(std::shared_ptr<const Scheme> scheme, std::vector<VerificationKey> keys,
           Duration tolerance);

  Verdict verify_special(const SignedRequest& request, TimePoint now) const;
  Verdict judge_age(std::size_t key, std::optional<TimePoint> timestamp, std::string_view header,
                    TimePoint now) const;

  std::shared_ptr<const Scheme> scheme_;
  std::vector<VerificationKey> keys_;
  Duration tolerance_;
};

}  // namespace webhookcore
