#include "webhookcore/core/signature_header.h"

#include <algorithm>

#include "webhookcore/base/crypto.h"
#include "webhookcore/base/encoding.h"

namespace webhookcore {
namespace {

bool has_key_for(std::span<const VerificationKey> keys, Algorithm algorithm) {
  return std::any_of(keys.begin(), keys.end(),
                     [algorithm](const VerificationKey& key) { return key.fits(algorithm); });
}

void skip_spaces(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
}

std::optional<std::size_t> decode_into(std::span<char> out, SignatureEncoding encoding,
                                       std::string_view text) {
  switch (encoding) {
    case SignatureEncoding::hex:
      return decode_hex_into(out, text);
    case SignatureEncoding::base64url:
      return decode_base64url_into(out, text);
    case SignatureEncoding::base64:
      break;
  }
  return decode_base64_into(out, text);
}

bool has_possible_size(Algorithm algorithm, std::size_t size) {
  const std::size_t expected = signature_size(algorithm);
  return expected == 0 ? size > 0 : size == expected;
}

void add_candidate(SignatureEncoding encoding, Algorithm algorithm, std::string_view text,
                   ParsedSignatures& out) {
  out.has_known_version = true;
  if (out.count == out.candidates.size()) return;
  const std::span<char> room = std::span(out.decoded).subspan(out.used);
  const auto size = decode_into(room, encoding, text);
  if (!size || !has_possible_size(algorithm, *size)) return;
  out.candidates[out.count++] = {algorithm, room.data(), *size};
  out.used += *size;
}

// Tokens are compared by their hashes, whose length tells nothing of theirs.
void add_token(std::string_view text, ParsedSignatures& out) {
  out.has_known_version = true;
  const Digest hash = digest(Hash::sha256, std::span(&text, 1));
  hash.view().copy(out.decoded.data(), hash.size);
  out.candidates[out.count++] = {Algorithm::token, out.decoded.data(), hash.size};
  out.used = hash.size;
}

// One signature with its prefix, or without it where it may be absent.
std::optional<Reason> parse_one(const Scheme& scheme, std::string_view value,
                                ParsedSignatures& out) {
  const SignatureFormat& format = scheme.format;
  const Algorithm algorithm = scheme.versions.front().algorithm;
  const bool has_other_tag = value.find('=') != std::string_view::npos;
  if (value.starts_with(format.prefix)) {
    value.remove_prefix(format.prefix.size());
  } else if (format.prefix_required) {
    return has_other_tag ? Reason::unsupported_version : Reason::malformed_header;
  } else if (has_other_tag && format.encoding == SignatureEncoding::hex) {
    return Reason::unsupported_version;  // In base64 a '=' may be padding.
  }
  if (algorithm == Algorithm::token) {
    add_token(value, out);
  } else {
    add_candidate(format.encoding, algorithm, value, out);
  }
  return std::nullopt;
}

// A list without tags. One item that cannot be read spoils none of the others.
std::optional<Reason> parse_untagged(const Scheme& scheme, std::string_view value,
                                     ParsedSignatures& out) {
  std::optional<Reason> first_fault;
  for (int items = 1;; ++items) {
    if (items > kMaxSignatures) return Reason::too_many_signatures;
    const std::size_t end = value.find(scheme.format.item_separator);
    std::string_view item = value.substr(0, end);
    if (scheme.format.space_after_separator) skip_spaces(item);
    const auto fault = parse_one(scheme, item, out);
    if (fault && !first_fault) first_fault = fault;
    if (end == std::string_view::npos) break;
    value.remove_prefix(end + 1);
  }
  return out.has_known_version ? std::nullopt : first_fault;
}

class ListParser {
 public:
  ListParser(const Scheme& scheme, std::span<const VerificationKey> keys, ParsedSignatures& out)
      : scheme_(scheme), keys_(keys), out_(out) {}

  std::optional<Reason> parse(std::string_view value) {
    while (true) {
      const std::size_t end = value.find(scheme_.format.item_separator);
      parse_item(value.substr(0, end));
      if (end == std::string_view::npos) break;
      value.remove_prefix(end + 1);
    }
    if (signatures_ > kMaxSignatures) return Reason::too_many_signatures;
    const bool lacks_timestamp = !scheme_.format.timestamp_tag.empty() && timestamps_ != 1;
    if (spoiled_ || lacks_timestamp || pairs_ == 0) return Reason::malformed_header;
    return std::nullopt;
  }

 private:
  void parse_item(std::string_view item) {
    const SignatureFormat& format = scheme_.format;
    if (format.space_after_separator) skip_spaces(item);
    const std::size_t separator = item.find(format.pair_separator);
    if (separator == std::string_view::npos) {
      spoiled_ |= format.strict_items;
      signatures_ += item.empty() ? 0 : 1;
      return;
    }
    ++pairs_;
    const std::string_view tag = item.substr(0, separator);
    const std::string_view text = item.substr(separator + 1);
    if (!format.timestamp_tag.empty() && tag == format.timestamp_tag) {
      ++timestamps_;
      out_.timestamp = text;
      return;
    }
    ++signatures_;
    for (const Version& version : scheme_.versions) {
      if (tag == version.tag && has_key_for(keys_, version.algorithm)) {
        add_candidate(format.encoding, version.algorithm, text, out_);
      }
    }
  }

  const Scheme& scheme_;
  std::span<const VerificationKey> keys_;
  ParsedSignatures& out_;
  int signatures_ = 0;  // Of any version, readable or not: all of them are work.
  int timestamps_ = 0;
  int pairs_ = 0;
  bool spoiled_ = false;
};

}  // namespace

std::size_t signature_size(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::hmac_sha1:
      return 20;
    case Algorithm::hmac_sha256:
    case Algorithm::secret_sha256:
    case Algorithm::token:
      return 32;
    case Algorithm::hmac_sha384:
      return 48;
    case Algorithm::hmac_sha512:
    case Algorithm::ed25519:
    case Algorithm::ecdsa_p256_raw:
      return 64;
    case Algorithm::ecdsa_p256:
    case Algorithm::rsa_sha1:
    case Algorithm::rsa_sha256:
    case Algorithm::rsa_pss_sha512:
      break;
  }
  return 0;
}

std::optional<Reason> parse_signature_header(const Scheme& scheme,
                                             std::span<const VerificationKey> keys,
                                             std::string_view value, ParsedSignatures& out) {
  if (scheme.has_tags()) return ListParser(scheme, keys, out).parse(value);
  return scheme.is_list() ? parse_untagged(scheme, value, out) : parse_one(scheme, value, out);
}

}  // namespace webhookcore
