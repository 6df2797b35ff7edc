// The bytes under a signature, as pieces that are fed to the MAC one after the
// other. The verifier and the signer both build them here.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "webhookcore/core/headers.h"
#include "webhookcore/core/scheme.h"

namespace webhookcore {

// What the segments of a scheme may refer to.
struct ContentParts {
  std::string_view body;
  std::string_view id;
  std::string_view timestamp;
  std::string_view url;
  std::string_view method;
  std::span<const Header> headers = {};
};

// Views into the parts, into the scheme's texts and into itself; it is not moved.
class SignedContent {
 public:
  SignedContent(const Scheme& scheme, const ContentParts& parts);
  SignedContent(const SignedContent&) = delete;
  SignedContent& operator=(const SignedContent&) = delete;

  std::span<const std::string_view> pieces() const { return {pieces_.data(), count_}; }

  // A signed header that is not there, or there more than once; empty when all are
  // there. Nothing may be compared then.
  std::string_view missing_header() const { return missing_header_; }
  bool has_repeated_header() const { return has_repeated_header_; }

 private:
  std::string_view part_of(const Scheme& scheme, const Segment& segment, const ContentParts& parts);
  std::string_view header(std::string_view name, std::span<const Header> headers);

  std::array<std::string_view, kMaxSegments> pieces_;
  std::size_t count_ = 0;
  std::string_view missing_header_;
  bool has_repeated_header_ = false;
  // What is computed from the parts; an ordinary scheme leaves them empty.
  std::string body_sha256_;
  std::string body_crc32_;
  std::string decoded_url_;
};

// One buffer, for signatures that cannot take pieces (Ed25519 reads its message twice).
void join(std::span<const std::string_view> pieces, std::string& out);

}  // namespace webhookcore
