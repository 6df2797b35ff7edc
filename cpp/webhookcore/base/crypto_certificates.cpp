#include "webhookcore/base/crypto_certificates.h"

#include <openssl/asn1.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <climits>
#include <ctime>
#include <optional>
#include <utility>

#include "webhookcore/base/bytes.h"
#include "webhookcore/base/crypto_openssl.h"
#include "webhookcore/base/pem.h"

namespace webhookcore {
namespace {

constexpr std::size_t kMaxChain = 10;

struct FreeX509 {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
  void operator()(STACK_OF(X509) * stack) const { sk_X509_pop_free(stack, X509_free); }
  void operator()(STACK_OF(X509_INFO) * stack) const {
    sk_X509_INFO_pop_free(stack, X509_INFO_free);
  }
  void operator()(X509_STORE* store) const { X509_STORE_free(store); }
  void operator()(X509_STORE_CTX* context) const { X509_STORE_CTX_free(context); }
};
template <typename T>
using OwnedX509 = std::unique_ptr<T, FreeX509>;

Error refused(std::string detail) { return {ErrorCode::config, std::move(detail)}; }

Result<std::vector<Owned<X509>>> parse_chain(std::string_view pem) {
  if (pem.size() > kMaxKeyInputBytes) return refused("the certificate is larger than 64 KiB");
  const auto blocks = read_pem(pem);
  if (!blocks) return blocks.error();
  if (blocks->size() > kMaxChain) return refused("the text holds more than 10 certificates");
  std::vector<Owned<X509>> chain;
  for (const PemBlock& block : *blocks) {
    if (block.label != "CERTIFICATE") return refused("the text holds other than certificates");
    auto certificate = parse_whole(
        block.der.reveal(), [](auto** at, long size) { return d2i_X509(nullptr, at, size); });
    if (certificate == nullptr) return refused("the certificate is damaged");
    chain.push_back(std::move(certificate));
  }
  return chain;
}

// A byte outside of visible ASCII, a zero above all, could end the name for one reader
// and not for another.
void add_name(const ASN1_STRING* text, std::vector<std::string>& names) {
  const std::string_view name(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                              static_cast<std::size_t>(ASN1_STRING_length(text)));
  if (is_visible_ascii(name)) names.push_back(to_lower_ascii(name));
}

std::vector<std::string> names_of(X509* certificate) {
  std::vector<std::string> names;
  const OwnedX509<GENERAL_NAMES> others(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  bool has_host_name = false;
  for (int i = 0; i < sk_GENERAL_NAME_num(others.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(others.get(), i);
    if (name->type != GEN_DNS) continue;
    has_host_name = true;
    add_name(name->d.dNSName, names);
  }
  if (has_host_name) return names;
  const X509_NAME* subject = X509_get_subject_name(certificate);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  // Of two nobody knows which is meant.
  if (at < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, at) >= 0) return names;
  add_name(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)), names);
  return names;
}

std::optional<TimePoint> time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return std::nullopt;
  return from_unix_ms(static_cast<std::int64_t>(timegm(&parts)) * 1000);
}

// Null when memory is out or the bundle holds none.
OwnedX509<X509_STORE> store_of(std::string_view authorities) {
  if (authorities.size() > INT_MAX) return nullptr;
  const OwnedX509<BIO> bio(
      BIO_new_mem_buf(authorities.data(), static_cast<int>(authorities.size())));
  OwnedX509<X509_STORE> store(X509_STORE_new());
  if (bio == nullptr || store == nullptr) return nullptr;
  const OwnedX509<STACK_OF(X509_INFO)> entries(
      PEM_X509_INFO_read_bio(bio.get(), nullptr, nullptr, nullptr));
  int count = 0;
  for (int i = 0; i < sk_X509_INFO_num(entries.get()); ++i) {
    X509* certificate = sk_X509_INFO_value(entries.get(), i)->x509;
    if (certificate != nullptr) count += X509_STORE_add_cert(store.get(), certificate);
  }
  return count > 0 ? std::move(store) : nullptr;
}

// For OpenSSL, which would ask the terminal.
int give_no_password(char* /*to*/, int /*size*/, int /*for_writing*/, void* /*user*/) { return -1; }

OwnedX509<BIO> memory_of(std::string_view text) {
  if (text.size() > INT_MAX) return nullptr;
  return OwnedX509<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

Error bad_part(const char* part, std::string detail) {
  return {ErrorCode::config, std::move(detail), part};
}

}  // namespace

Result<void> check_key_pair(std::string_view certificate, std::string_view key, TimePoint now) {
  const QuietErrors quiet;
  const auto certificate_bio = memory_of(certificate);
  const auto key_bio = memory_of(key);
  if (certificate_bio == nullptr || key_bio == nullptr) return refused("out of memory");
  const Owned<X509> shown(
      PEM_read_bio_X509(certificate_bio.get(), nullptr, give_no_password, nullptr));
  if (shown == nullptr) return bad_part("certificate", "it holds no PEM certificate");
  const Owned<EVP_PKEY> own(
      PEM_read_bio_PrivateKey(key_bio.get(), nullptr, give_no_password, nullptr));
  if (own == nullptr) {
    const bool locked = key.find("ENCRYPTED") != std::string_view::npos;
    return bad_part("key", locked ? "the key needs a password; store it without one"
                                  : "it holds no private key in PEM");
  }
  if (X509_check_private_key(shown.get(), own.get()) != 1) {
    return bad_part("key", "the key is not that of the certificate");
  }
  const auto begin = time_of(X509_get0_notBefore(shown.get()));
  const auto end = time_of(X509_get0_notAfter(shown.get()));
  if (!begin || !end) return bad_part("certificate", "the certificate's dates cannot be read");
  if (now > *end) return bad_part("certificate", "the certificate has expired");
  if (now < *begin) return bad_part("certificate", "the certificate is not valid yet");
  return {};
}

Result<CertificateFacts> read_certificate(std::string_view pem) {
  const QuietErrors quiet;
  const auto chain = parse_chain(pem);
  if (!chain) return chain.error();
  X509* const certificate = chain->front().get();
  const auto begin = time_of(X509_get0_notBefore(certificate));
  const auto end = time_of(X509_get0_notAfter(certificate));
  if (!begin || !end) return refused("the certificate's dates cannot be read");
  return CertificateFacts{names_of(certificate), *begin, *end};
}

Result<void> check_chain(std::string_view pem, std::string_view authorities, TimePoint now) {
  const QuietErrors quiet;
  const auto chain = parse_chain(pem);
  if (!chain) return chain.error();
  const auto store = store_of(authorities);
  if (store == nullptr) return refused("there are no certificate authorities to ask");

  const OwnedX509<STACK_OF(X509)> between(sk_X509_new_null());
  const OwnedX509<X509_STORE_CTX> context(X509_STORE_CTX_new());
  if (between == nullptr || context == nullptr) return refused("out of memory");
  for (std::size_t i = 1; i < chain->size(); ++i) {
    X509* certificate = (*chain)[i].get();
    if (sk_X509_push(between.get(), certificate) == 0) return refused("out of memory");
    X509_up_ref(certificate);  // The stack gives its own away.
  }
  if (X509_STORE_CTX_init(context.get(), store.get(), chain->front().get(), between.get()) != 1) {
    return refused("the chain cannot be looked at");
  }
  X509_STORE_CTX_set_time(context.get(), 0, static_cast<std::time_t>(to_unix_ms(now) / 1000));
  if (X509_verify_cert(context.get()) == 1) return {};
  return refused(X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get())));
}

}  // namespace webhookcore
