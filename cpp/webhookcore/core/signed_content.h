// The bytes under a signature, as pieces that are fed to the MAC one after the
// other. The verifier and the signer both build them here.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "webhookcore/core/scheme.h"

namespace webhookcore {

// What the segments of a scheme may refer to.
struct ContentParts {
  std::string_view body;
  std::string_view id;
  std::string_view timestamp;
  std::string_view url;
  std::string_view method;
};

// Views into the parts and into the scheme's literals, which must outlive it.
class SignedContent {
 public:
  SignedContent(const Scheme& scheme, const ContentParts& parts);

  std::span<const std::string_view> pieces() const { return {pieces_.data(), count_}; }

 private:
  std::array<std::string_view, kMaxSegments> pieces_;
  std::size_t count_ = 0;
};

// One buffer, for signatures that cannot take pieces (Ed25519 reads its message twice).
void join(std::span<const std::string_view> pieces, std::string& out);

}  // namespace webhookcore
