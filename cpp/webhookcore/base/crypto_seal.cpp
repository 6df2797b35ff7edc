#include "webhookcore/base/crypto_seal.h"

#include <cstdlib>
#include <utility>

#include "webhookcore/base/crypto_openssl.h"

namespace webhookcore {

namespace {

// Fails only when memory is gone or the library has no AES: a text that is half sealed
// must never be stored.
void require(bool succeeded) {
  if (!succeeded) std::abort();
}

Owned<EVP_CIPHER_CTX> new_context() {
  Owned<EVP_CIPHER_CTX> context(EVP_CIPHER_CTX_new());
  require(context != nullptr);
  return context;
}

// Fetched once and never freed, like the hashes of crypto.cpp.
const EVP_CIPHER* aes_256_gcm() {
  static const EVP_CIPHER* const cipher = [] {
    EVP_CIPHER* fetched = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
    require(fetched != nullptr);
    return fetched;
  }();
  return cipher;
}

int size_of(std::string_view bytes) { return static_cast<int>(bytes.size()); }

}  // namespace

Result<SealKey> SealKey::create(std::string_view bytes) {
  if (bytes.size() != kSealKeyBytes) {
    return Error{ErrorCode::config,
                 "an encryption key has 32 bytes, this one " + std::to_string(bytes.size())};
  }
  return SealKey(Secret(bytes));
}

std::string SealKey::seal(std::string_view text, std::string_view bound_to,
                          std::string_view nonce) const {
  require(nonce.size() == kSealNonceBytes);
  const auto context = new_context();
  require(EVP_EncryptInit_ex2(context.get(), aes_256_gcm(), as_unsigned(bytes_.reveal()),
                              as_unsigned(nonce), nullptr) == 1);
  int written = 0;
  require(EVP_EncryptUpdate(context.get(), nullptr, &written, as_unsigned(bound_to),
                            size_of(bound_to)) == 1);
  std::string sealed(text.size() + kSealTagBytes, '\0');
  require(EVP_EncryptUpdate(context.get(), as_unsigned(sealed), &written, as_unsigned(text),
                            size_of(text)) == 1);
  require(EVP_EncryptFinal_ex(context.get(), as_unsigned(sealed) + written, &written) == 1);
  require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kSealTagBytes,
                              sealed.data() + text.size()) == 1);
  return sealed;
}

std::optional<std::string> SealKey::open(std::string_view sealed, std::string_view bound_to,
                                         std::string_view nonce) const {
  if (sealed.size() < kSealTagBytes || nonce.size() != kSealNonceBytes) return std::nullopt;
  const QuietErrors quiet;
  const auto context = new_context();
  require(EVP_DecryptInit_ex2(context.get(), aes_256_gcm(), as_unsigned(bytes_.reveal()),
                              as_unsigned(nonce), nullptr) == 1);
  int written = 0;
  require(EVP_DecryptUpdate(context.get(), nullptr, &written, as_unsigned(bound_to),
                            size_of(bound_to)) == 1);
  const std::string_view ciphertext = sealed.substr(0, sealed.size() - kSealTagBytes);
  std::string tag(sealed.substr(ciphertext.size()));
  std::string text(ciphertext.size(), '\0');
  require(EVP_DecryptUpdate(context.get(), as_unsigned(text), &written, as_unsigned(ciphertext),
                            size_of(ciphertext)) == 1);
  require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kSealTagBytes, tag.data()) ==
          1);
  if (EVP_DecryptFinal_ex(context.get(), as_unsigned(text) + written, &written) == 1) return text;
  wipe(text);
  return std::nullopt;
}

}  // namespace webhookcore
