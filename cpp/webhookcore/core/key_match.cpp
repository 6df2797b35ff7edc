#include "webhookcore/core/key_match.h"

#include <array>
#include <string>
#include <variant>

#include "webhookcore/core/signed_content.h"

namespace webhookcore {
namespace {

constexpr std::size_t kKeptMessageBytes = std::size_t{1} << 20;

using Pieces = std::span<const std::string_view>;
using Candidates = std::span<const Candidate>;

// Public keys need their message in one piece. The buffer stays with the thread, but
// not at the size of the largest body it ever saw.
class JoinedMessage {
 public:
  explicit JoinedMessage(Pieces pieces) { join(pieces, buffer()); }
  ~JoinedMessage() {
    if (buffer().capacity() > kKeptMessageBytes) std::string().swap(buffer());
  }
  JoinedMessage(const JoinedMessage&) = delete;
  JoinedMessage& operator=(const JoinedMessage&) = delete;

  std::string_view view() const { return buffer(); }

 private:
  static std::string& buffer() {
    thread_local std::string bytes;
    return bytes;
  }
};

bool any_equals(std::string_view expected, Algorithm algorithm, Candidates candidates) {
  bool matched = false;
  for (const Candidate& candidate : candidates) {
    if (candidate.algorithm != algorithm) continue;
    matched |= equal_in_constant_time(expected, candidate.bytes());
  }
  return matched;
}

bool any_verifies(const VerificationKey& key, const PublicKey& public_key, Candidates candidates,
                  Pieces pieces) {
  const JoinedMessage message(pieces);
  bool matched = false;
  for (const Candidate& candidate : candidates) {
    if (!key.fits(candidate.algorithm)) continue;
    matched |= public_key.verify(as_signature_algorithm(candidate.algorithm), message.view(),
                                 candidate.bytes());
  }
  return matched;
}

// The secret's bytes and then the content.
Digest hash_behind(std::string_view secret, Pieces pieces) {
  std::array<std::string_view, kMaxSegments + 1> all{secret};
  std::size_t count = 1;
  for (const std::string_view piece : pieces.first(std::min(pieces.size(), kMaxSegments))) {
    all[count++] = piece;
  }
  return digest(Hash::sha256, std::span(all).first(count));
}

bool matches_any(const VerificationKey& key, Candidates candidates, Pieces pieces) {
  if (const auto* hmac = std::get_if<HmacKey>(&key.key)) {
    return any_equals(hmac->mac(pieces).view(), key.algorithm, candidates);
  }
  if (const auto* public_key = std::get_if<PublicKey>(&key.key)) {
    return any_verifies(key, *public_key, candidates, pieces);
  }
  const std::string_view secret = std::get<Secret>(key.key).reveal();
  if (key.algorithm == Algorithm::token) return any_equals(secret, key.algorithm, candidates);
  return any_equals(hash_behind(secret, pieces).view(), key.algorithm, candidates);
}

}  // namespace

std::optional<std::size_t> find_matching_key(std::span<const VerificationKey> keys,
                                             Candidates candidates, Pieces pieces) {
  std::optional<std::size_t> match;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (matches_any(keys[i], candidates, pieces) && !match) match = i;
  }
  return match;
}

}  // namespace webhookcore
