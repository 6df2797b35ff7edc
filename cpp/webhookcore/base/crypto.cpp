#include "webhookcore/base/crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <cstdlib>

#include "webhookcore/base/crypto_openssl.h"

namespace webhookcore {
namespace {

using MdContext = Owned<EVP_MD_CTX>;

// OpenSSL hashing fails only when memory is gone or the library has no such
// hash. A half-made MAC must never be compared, so the process ends.
void require(bool succeeded) {
  if (!succeeded) std::abort();
}

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
  const auto key = PrivateKey::from_ed25519_seed(seed);
  if (!key) return key.error();
  return Ed25519Keypair{Secret(seed), key->public_key().ed25519_bytes()};
}

Result<Ed25519PublicKey> Ed25519PublicKey::create(std::string_view public_key) {
  auto key = PublicKey::from_ed25519(public_key);
  if (!key) return key.error();
  return Ed25519PublicKey(std::move(*key));
}

Result<std::string> ed25519_sign(const Secret& seed, std::string_view message) {
  const auto key = PrivateKey::from_ed25519_seed(seed.reveal());
  if (!key) return key.error();
  return key->sign(SignatureAlgorithm::ed25519, message);
}

}  // namespace webhookcore
