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

enum class Algorithm : std::uint8_t { hmac_sha1, hmac_sha256, hmac_sha384, hmac_sha512, ed25519 };

enum class KeyForm : std::uint8_t {
  utf8,    // The secret's text is the key, prefix and all.
  base64,  // Decoded after the prefix is taken off; at least 16 bytes.
  hex,
};

enum class SignatureEncoding : std::uint8_t { hex, base64 };

// One piece of the signed content. Pieces are fed to the MAC one after the
// other: nothing is substituted into a template, so no byte of a body can be
// taken for a placeholder.
struct Segment {
  enum class Kind : std::uint8_t { literal, body, id, timestamp, url, method };
  Kind kind;
  std::string text = {};  // For a literal.
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
  // `whpk_` and `whsk_` keys of Standard Webhooks v1a are understood as well.
  bool ed25519_by_prefix = false;
};

// The headers of one spelling of the scheme. The first family of which any
// member is present is used wholly; members of the others are not looked at.
struct HeaderFamily {
  std::string signature;
  std::string timestamp = {};  // Empty: the scheme has no such header.
  std::string id = {};
};

// How the signature header's value is laid out.
struct SignatureFormat {
  SignatureEncoding encoding = SignatureEncoding::hex;
  // Not a list: an optional or required prefix and one signature.
  std::string prefix = {};
  bool prefix_required = true;
  // A list: items between `item_separator`, each `tag` `pair_separator` `value`.
  // '\0' as the item separator means that the value is not a list.
  char item_separator = '\0';
  char pair_separator = '\0';
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
};

// What no row can say: the signed content is assembled by a function.
enum class SpecialContent : std::uint8_t { none, twilio };

struct Scheme {
  std::string name;
  std::vector<Version> versions;  // One with an empty tag when the header is not a list.
  KeyRule key = {};
  std::vector<HeaderFamily> families;
  SignatureFormat format = {};
  std::vector<Segment> signed_content = {};
  TimestampForm timestamp = TimestampForm::none;
  Duration tolerance{std::chrono::seconds{300}};  // Allowed age, past and future.
  SpecialContent special = SpecialContent::none;

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
  bool signs_id() const;  // A segment of kind `id` is part of the signed content.
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
