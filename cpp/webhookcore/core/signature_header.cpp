#include "webhookcore/core/signature_header.h"

#include <algorithm>

#include "webhookcore/base/encoding.h"

namespace webhookcore {
namespace {

bool has_key_for(std::span<const VerificationKey> keys, Algorithm algorithm) {
  return std::any_of(keys.begin(), keys.end(), [algorithm](const VerificationKey& key) {
    return key.algorithm == algorithm;
  });
}

void add_candidate(SignatureEncoding encoding, Algorithm algorithm, std::string_view text,
                   ParsedSignatures& out) {
  out.has_known_version = true;
  if (out.count == out.candidates.size()) return;
  Candidate& candidate = out.candidates[out.count];
  const std::span<char> bytes(candidate.bytes);
  const auto size = encoding == SignatureEncoding::hex ? decode_hex_into(bytes, text)
                                                       : decode_base64_into(bytes, text);
  if (size != signature_size(algorithm)) return;
  candidate.algorithm = algorithm;
  ++out.count;
}

std::optional<Reason> parse_single(const Scheme& scheme, std::string_view value,
                                   ParsedSignatures& out) {
  const SignatureFormat& format = scheme.format;
  const bool has_other_tag = value.find('=') != std::string_view::npos;
  if (value.starts_with(format.prefix)) {
    value.remove_prefix(format.prefix.size());
  } else if (format.prefix_required) {
    return has_other_tag ? Reason::unsupported_version : Reason::malformed_header;
  } else if (has_other_tag && format.encoding == SignatureEncoding::hex) {
    return Reason::unsupported_version;  // In base64 a '=' may be padding.
  }
  add_candidate(format.encoding, scheme.versions.front().algorithm, value, out);
  return std::nullopt;
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
      return 32;
    case Algorithm::hmac_sha384:
      return 48;
    case Algorithm::hmac_sha512:
    case Algorithm::ed25519:
      break;
  }
  return 64;
}

std::optional<Reason> parse_signature_header(const Scheme& scheme,
                                             std::span<const VerificationKey> keys,
                                             std::string_view value, ParsedSignatures& out) {
  if (scheme.is_list()) return ListParser(scheme, keys, out).parse(value);
  return parse_single(scheme, value, out);
}

}  // namespace webhookcore
