// AES-256-GCM (NIST SP 800-38D) for what is kept on disk, by OpenSSL.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "webhookcore/base/error.h"
#include "webhookcore/base/secret.h"

namespace webhookcore {

inline constexpr std::size_t kSealKeyBytes = 32;
inline constexpr std::size_t kSealNonceBytes = 12;
inline constexpr std::size_t kSealTagBytes = 16;

// Immutable and safe to share between threads.
class SealKey {
 public:
  // ErrorCode::config for anything but 32 bytes.
  static Result<SealKey> create(std::string_view bytes);

  // Ciphertext and tag. `bound_to` is authenticated along and not stored: open() needs the
  // same. `nonce` is 12 random bytes, never used twice with one key; at 2^32 texts a key
  // should be replaced (section 8.3), which no store of endpoints comes near.
  std::string seal(std::string_view text, std::string_view bound_to, std::string_view nonce) const;

  // nullopt when any byte of the three is not what seal() was given or gave. Wipe the text.
  std::optional<std::string> open(std::string_view sealed, std::string_view bound_to,
                                  std::string_view nonce) const;

 private:
  explicit SealKey(Secret bytes) : bytes_(std::move(bytes)) {}
  Secret bytes_;
};

}  // namespace webhookcore
