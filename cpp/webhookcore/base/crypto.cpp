#include "webhookcore/base/crypto.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <cstdlib>

namespace webhookcore {
namespace {

struct Free {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using MdContext = std::unique_ptr<EVP_MD_CTX, Free>;
using Pkey = std::unique_ptr<EVP_PKEY, Free>;

// OpenSSL hashing fails only when memory is gone or the library has no such
// hash. A half-made MAC must never be compared, so the process ends.
void require(bool succeeded) {
  if (!succeeded) std::abort();
}

// Takes back what a failing call leaves in the thread's error queue, which
// other users of the same libcrypto in this process read.
class QuietErrors {
 public:
  QuietErrors() { ERR_set_mark(); }
  ~QuietErrors() { ERR_pop_to_mark(); }
  QuietErrors(const QuietErrors&) = delete;
  QuietErrors& operator=(const QuietErrors&) = delete;
};

MdContext new_context() {
  MdContext context(EVP_MD_CTX_new());
  require(context != nullptr);
  return context;
}

EVP_MD* fetch(const char* name) {
  EVP_MD* method = EVP_MD_fetch(nullptr, name, nullptr);
  require(method != nullptr);
  return method;
}

// Fetched once and never freed: a fetch costs more than hashing a small body.
const EVP_MD* method_of(Hash hash) {
  static const std::array<EVP_MD*, 4> methods{fetch("SHA1"), fetch("SHA256"), fetch("SHA384"),
                                              fetch("SHA512")};
  return methods[static_cast<std::size_t>(hash)];
}

std::size_t block_size(Hash hash) { return hash <= Hash::sha256 ? 64 : 128; }

void update(EVP_MD_CTX* context, std::string_view bytes) {
  require(EVP_DigestUpdate(context, bytes.data(), bytes.size()) == 1);
}

void finish(EVP_MD_CTX* context, Digest& out) {
  unsigned int size = 0;
  require(EVP_DigestFinal_ex(context, reinterpret_cast<unsigned char*>(out.bytes.data()), &size) ==
          1);
  out.size = size;
}

// One per thread, so that a call allocates nothing.
EVP_MD_CTX* scratch_context() {
  thread_local const MdContext context = new_context();
  return context.get();
}

const unsigned char* as_unsigned(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

constexpr std::size_t kEd25519KeyBytes = 32;
constexpr std::size_t kEd25519SignatureBytes = 64;

Pkey private_key(std::string_view seed) {
  if (seed.size() != kEd25519KeyBytes) return nullptr;
  return Pkey(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, as_unsigned(seed), seed.size()));
}

}  // namespace

std::string openssl_version() { return OpenSSL_version(OPENSSL_VERSION); }

std::size_t digest_size(Hash hash) {
  constexpr std::array<std::size_t, 4> sizes{20, 32, 48, 64};
  return sizes[static_cast<std::size_t>(hash)];
}

Digest digest(Hash hash, std::span<const std::string_view> pieces) {
  EVP_MD_CTX* context = scratch_context();
  require(EVP_DigestInit_ex2(context, method_of(hash), nullptr) == 1);
  for (const std::string_view piece : pieces) update(context, piece);
  Digest out;
  finish(context, out);
  return out;
}

bool equal_in_constant_time(std::string_view left, std::string_view right) {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

struct HmacKey::Contexts {
  MdContext inner = new_context();
  MdContext outer = new_context();
};

HmacKey::HmacKey(std::unique_ptr<Contexts> contexts) : contexts_(std::move(contexts)) {}
HmacKey::HmacKey(HmacKey&&) noexcept = default;
HmacKey& HmacKey::operator=(HmacKey&&) noexcept = default;
HmacKey::~HmacKey() = default;

// RFC 2104: H(key ^ opad, H(key ^ ipad, message)).
Result<HmacKey> HmacKey::create(Hash hash, std::string_view key) {
  if (key.empty()) return Error{ErrorCode::config, "the key is empty"};
  std::array<char, 128> block{};
  const std::size_t size = block_size(hash);
  if (key.size() > size) {
    Digest shortened = digest(hash, std::span(&key, 1));
    shortened.view().copy(block.data(), shortened.size);
    OPENSSL_cleanse(&shortened, sizeof shortened);
  } else {
    key.copy(block.data(), key.size());
  }

  auto contexts = std::make_unique<Contexts>();
  const auto absorb = [&](EVP_MD_CTX* context, char pad) {
    std::array<char, 128> padded = block;
    for (char& byte : padded) byte = static_cast<char>(byte ^ pad);
    require(EVP_DigestInit_ex2(context, method_of(hash), nullptr) == 1);
    update(context, {padded.data(), size});
    OPENSSL_cleanse(padded.data(), padded.size());
  };
  absorb(contexts->inner.get(), 0x36);
  absorb(contexts->outer.get(), 0x5C);
  OPENSSL_cleanse(block.data(), block.size());
  return HmacKey(std::move(contexts));
}

Digest HmacKey::mac(std::span<const std::string_view> pieces) const {
  EVP_MD_CTX* context = scratch_context();
  Digest out;
  require(EVP_MD_CTX_copy_ex(context, contexts_->inner.get()) == 1);
  for (const std::string_view piece : pieces) update(context, piece);
  finish(context, out);
  require(EVP_MD_CTX_copy_ex(context, contexts_->outer.get()) == 1);
  update(context, out.view());
  finish(context, out);
  return out;
}

Result<Ed25519Keypair> ed25519_from_seed(std::string_view seed) {
  const QuietErrors quiet;
  const Pkey key = private_key(seed);
  std::size_t size = kEd25519KeyBytes;
  std::string public_key(size, '\0');
  if (key == nullptr ||
      EVP_PKEY_get_raw_public_key(key.get(), reinterpret_cast<unsigned char*>(public_key.data()),
                                  &size) != 1) {
    return Error{ErrorCode::config, "an Ed25519 seed has 32 bytes"};
  }
  return Ed25519Keypair{Secret(seed), std::move(public_key)};
}

struct Ed25519PublicKey::Key {
  Pkey pkey;
};

Ed25519PublicKey::Ed25519PublicKey(std::unique_ptr<Key> key) : key_(std::move(key)) {}
Ed25519PublicKey::Ed25519PublicKey(Ed25519PublicKey&&) noexcept = default;
Ed25519PublicKey& Ed25519PublicKey::operator=(Ed25519PublicKey&&) noexcept = default;
Ed25519PublicKey::~Ed25519PublicKey() = default;

Result<Ed25519PublicKey> Ed25519PublicKey::create(std::string_view public_key) {
  const QuietErrors quiet;
  Pkey key;
  if (public_key.size() == kEd25519KeyBytes) {
    key.reset(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, as_unsigned(public_key),
                                          public_key.size()));
  }
  if (key == nullptr) return Error{ErrorCode::config, "an Ed25519 public key has 32 bytes"};
  return Ed25519PublicKey(std::make_unique<Key>(Key{std::move(key)}));
}

bool Ed25519PublicKey::verify(std::string_view message, std::string_view signature) const {
  if (signature.size() != kEd25519SignatureBytes) return false;
  const QuietErrors quiet;
  const MdContext context = new_context();
  return EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key_->pkey.get()) == 1 &&
         EVP_DigestVerify(context.get(), as_unsigned(signature), signature.size(),
                          as_unsigned(message), message.size()) == 1;
}

Result<std::string> ed25519_sign(const Secret& seed, std::string_view message) {
  const QuietErrors quiet;
  const Pkey key = private_key(seed.reveal());
  if (key == nullptr) return Error{ErrorCode::config, "an Ed25519 seed has 32 bytes"};
  const MdContext context = new_context();
  std::size_t size = kEd25519SignatureBytes;
  std::string signature(size, '\0');
  require(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
          EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                         as_unsigned(message), message.size()) == 1);
  return signature;
}

}  // namespace webhookcore
