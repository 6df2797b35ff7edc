// A signature scheme as data. Everything that tells one provider from another
// is a row of this struct (core/schemes/); the verifier and the signer are the
// same code for all. Names follow design paper schemes.md, section 2.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "webhookcore/base/clock.h"
#include "webhookcore/base/error.h"

namespace webhookcore {

enum class Algorithm : std::uint8_t {
  hmac_sha1,
  hmac_sha256,
  hmac_sha384,
  hmac_sha512,
  ed25519,
  ecdsa_p256,      // SHA-256; the signature in DER.
  ecdsa_p256_raw,  // SHA-256; r and s of 32 bytes each.
  rsa_sha1,        // PKCS#1 v1.5, as the next.
  rsa_sha256,
  rsa_pss_sha512,
  secret_sha256,  // SHA-256 of the secret and then the content. That is no HMAC.
  token,          // Nothing is signed: the header is the secret itself.
};

// Whether the sender's key differs from the receiver's.
bool is_asymmetric(Algorithm algorithm);

enum class KeyForm : std::uint8_t {
  utf8,        // The secret's text is the key, prefix and all.
  base64,      // Decoded after the prefix is taken off; at least 16 bytes.
  hex,         // The same.
  public_key,  // PEM (a key or a certificate), base64 of a DER key, or a JWK.
};

enum class SignatureEncoding : std::uint8_t { hex, base64, base64url };

// One piece of the signed content. Pieces are fed to the MAC one after the
// other: nothing is substituted into a template, so no byte of a body can be
// taken for a placeholder.
struct Segment {
  enum class Kind : std::uint8_t {
    literal,
    body,
    id,
    timestamp,
    url,
    decoded_url,  // With the few %-escapes undone that HubSpot undoes.
    method,
    header,       // Of the name `text`; it must be there once.
    body_sha256,  // In hexadecimal digits.
    body_crc32,   // In decimal digits.
    setting,      // The value that the user gave for the name `text`.
  };
  Kind kind;
  std::string text = {};
};

// A version tag in the signature header and the algorithm it stands for. A key
// is only ever tried on the entries of its own algorithm.
struct Version {
  std::string tag;
  Algorithm algorithm;
};

struct KeyRule {
  KeyForm form = KeyForm::utf8;
  // What the provider's secrets begin with, for a hint; nothing is refused for it.
  std::string usual_prefix = {};
  std::vector<std::string> prefixes = {};  // Taken off before decoding; none of them is required.
  // Of a secret without any of the prefixes, where that means something else (OpenAI).
  std::optional<KeyForm> unprefixed_form = {};
  // `whpk_` and `whsk_` keys of Standard Webhooks v1a are understood as well.
  bool ed25519_by_prefix = false;
};

// The headers of one spelling of the scheme. The first family of which any
// member is present is used wholly; members of the others are not looked at.
struct HeaderFamily {
  // Where `numbered`, what the names of several headers begin with: "X-Signature-" for
  // X-Signature-1, X-Signature-2 and so on.
  std::string signature;
  std::string timestamp = {};  // Empty: the scheme has no such header.
  std::string id = {};
  bool numbered = false;
};

// How the signature header's value is laid out.
struct SignatureFormat {
  SignatureEncoding encoding = SignatureEncoding::hex;
  // Not a list of pairs: an optional or required prefix and one signature.
  std::string prefix = {};
  bool prefix_required = true;
  // A list: items between `item_separator`, each `tag` `pair_separator` `value`, or
  // without a pair separator each a prefix and a signature.
  // '\0' as the item separator means that the value is not a list.
  char item_separator = '\0';
  char pair_separator = '\0';
  bool space_after_separator = false;  // Spaces at the front of an item are passed over.
  // The item that carries the timestamp ("t"); empty: none does.
  std::string timestamp_tag = {};
  // An item without its pair separator spoils the whole header (Stripe-like
  // lists) instead of being skipped (Standard Webhooks).
  bool strict_items = false;
};

enum class TimestampForm : std::uint8_t {
  none,
  seconds,             // Unix, at most 12 digits.
  milliseconds,        // Unix, at most 15 digits.
  seconds_or_iso8601,  // Either; ISO 8601 with `Z` or an offset.
  iso8601,
  http_date,  // RFC 9110, section 5.6.7, and the same without the comma and with UTC.
};

// What no row can say: signature and signed content are found by a function, in
// core/special/.
enum class SpecialContent : std::uint8_t {
  none,
  twilio,
  mailgun,
  adyen,
  aws_sns,
  paypal,
  hook0,
  jws,      // The signature header is a JSON Web Signature (RFC 7515).
  rfc9421,  // HTTP Message Signatures.
};

// What the user of a scheme may set, and its value: PayPal's "webhook_id", the
// "required" components of RFC 9421. A scheme without a setting that it names in
// `Scheme::needs` cannot be used.
struct Setting {
  std::string name;
  std::string value;
};

struct Scheme {
  std::string name;
  std::vector<Version> versions;  // One with an empty tag when the header is not a list.
  KeyRule key = {};
  std::vector<HeaderFamily> families;
  SignatureFormat format = {};
  std::vector<Segment> signed_content = {};
  TimestampForm timestamp = TimestampForm::none;
  Duration tolerance{std::chrono::seconds{300}};  // Allowed age, past and future.
  // Dotted path of the body field that holds the time, where no header does. The
  // signature covers the body, so it is read only once that has matched.
  std::string timestamp_field = {};
  // The provider has its receivers sign short tokens of anybody's choice (X's crc_token),
  // so that a body which could be such a token proves nothing.
  bool signs_challenges = false;
  SpecialContent special = SpecialContent::none;
  std::vector<Setting> settings = {};
  std::vector<std::string> needs = {};  // Settings without which nothing can be verified.

  // Its presence alone, without the real one, is a downgrade: GitHub's SHA-1.
  std::string weaker_signature_header = {};
  // Not signed; what a sender puts beside the signature. Empty: nothing.
  std::string id_header = {};
  std::string type_header = {};
  // Dotted path of a body field that the event type is made more exact with:
  // GitHub's header says "pull_request", its `action` makes it
  // "pull_request.opened". A sender takes that suffix off again.
  std::string type_suffix_field = {};

  bool is_list() const { return format.item_separator != '\0'; }
  bool has_tags() const { return is_list() && format.pair_separator != '\0'; }
  bool signs_id() const;  // A segment of kind `id` is part of the signed content.
  // Empty where there is none of the name.
  std::string_view setting(std::string_view wanted) const;
};

// More would be no real scheme; the pieces of a signed content live on the stack.
inline constexpr std::size_t kMaxSegments = 16;

// ErrorCode::config for a row that contradicts itself, with the part at fault in
// `field`. What passes can be given to the verifier and the signer.
Result<void> check_scheme(const Scheme& scheme);

// The URL is part of what is signed, so a caller without one cannot verify.
bool requires_url(const Scheme& scheme);

// All built-in schemes, in the order of the table in schemes.md. Immutable;
// lives as long as the process.
const std::vector<Scheme>& built_in_schemes();

// Shared, so that a verifier of a built-in scheme costs no copy of its row. nullptr
// when there is none of that name.
std::shared_ptr<const Scheme> find_scheme(std::string_view name);

}  // namespace webhookcore
