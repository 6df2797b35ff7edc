#include "webhookcore/base/crypto_keys.h"

#include <openssl/err.h>

#include <atomic>
#include <thread>
#include <vector>

#include "catch.h"
#include "key_fixtures.h"
#include "webhookcore/base/encoding.h"

using namespace webhookcore;
using fixtures::kRfc9421Ec;
using fixtures::kRfc9421EcSpki;
using fixtures::kRfc9421Ed25519;
using fixtures::kRfc9421Ed25519Spki;
using fixtures::kRfc9421Rsa;
using fixtures::kRfc9421RsaSpki;

namespace {

constexpr SignatureAlgorithm kAlgorithms[] = {
    SignatureAlgorithm::ed25519,          SignatureAlgorithm::ecdsa_p256_der,
    SignatureAlgorithm::ecdsa_p256_raw,   SignatureAlgorithm::rsa_pkcs1_sha1,
    SignatureAlgorithm::rsa_pkcs1_sha256, SignatureAlgorithm::rsa_pss_sha512};

std::string hex(std::string_view text) { return decode_hex(text, HexCase::any).value(); }
std::string base64(std::string_view text) { return decode_base64(text).value(); }

// In lines of 64 digits, as RFC 7468 writes it.
std::string pem(const std::string& label, std::string_view digits) {
  std::string text = "-----BEGIN " + label + "-----\n";
  for (std::size_t at = 0; at < digits.size(); at += 64) {
    text.append(digits.substr(at, 64)).append("\n");
  }
  return text + "-----END " + label + "-----\n";
}

// DER: tag, length in its shortest form, content.
std::string der(char tag, const std::string& content) {
  std::string size;
  for (std::size_t rest = content.size(); rest != 0; rest >>= 8) {
    size.insert(size.begin(), static_cast<char>(rest & 0xFF));
  }
  if (content.size() > 127) size.insert(size.begin(), static_cast<char>(0x80 + size.size()));
  return tag + size + content;
}

// PKCS #8 around the RSA key of RFC 9421, with rsaEncryption or, as the RFC
// itself has it, with RSASSA-PSS.
std::string rsa_pkcs8(bool pss) {
  const std::string head =
      hex(pss ? "020100300b06092a864886f70d01010a" : "020100300d06092a864886f70d0101010500");
  return der('\x30', head + der('\x04', base64(kRfc9421Rsa)));
}

// The Ed25519 key of RFC 9421 with an attribute of so many bytes.
std::string ed25519_pkcs8(std::size_t attribute_bytes) {
  const std::string value = der('\x31', der('\x04', std::string(attribute_bytes, 'x')));
  const std::string attribute = der('\x30', hex("06032a0304") + value);
  return der('\x30', base64(kRfc9421Ed25519).substr(2) + der('\xA0', attribute));
}

PublicKey public_key(std::string_view spki) {
  auto key = PublicKey::from_spki(base64(spki));
  REQUIRE(key.ok());
  return std::move(*key);
}

PrivateKey private_key(KeyType type) {
  auto key = type == KeyType::ed25519   ? PrivateKey::from_pkcs8(base64(kRfc9421Ed25519))
             : type == KeyType::ec_p256 ? PrivateKey::from_pem(pem("EC PRIVATE KEY", kRfc9421Ec))
                                        : PrivateKey::from_pkcs8(rsa_pkcs8(false));
  REQUIRE(key.ok());
  return std::move(*key);
}

template <typename T>
void check_refused(const Result<T>& key, const std::string& why) {
  REQUIRE_FALSE(key.ok());
  CHECK(key.error().code == ErrorCode::config);
  CAPTURE(key.error().detail);
  CHECK(key.error().detail.find(why) != std::string::npos);
}

std::string flipped(std::string bytes, std::size_t at) {
  bytes[at] = static_cast<char>(bytes[at] ^ 1);
  return bytes;
}

// Every bit of a signature has to matter, and so has its length.
void check_every_byte_matters(const PublicKey& key, SignatureAlgorithm algorithm,
                              const std::string& message, const std::string& signature) {
  REQUIRE(key.verify(algorithm, message, signature));
  for (std::size_t at = 0; at < signature.size(); ++at) {
    if (key.verify(algorithm, message, flipped(signature, at))) FAIL("byte " << at);
    if (key.verify(algorithm, message, signature.substr(0, at))) FAIL("cut at " << at);
  }
  CHECK_FALSE(key.verify(algorithm, message, signature + '\0'));
  CHECK_FALSE(key.verify(algorithm, message, '\0' + signature));
  CHECK_FALSE(key.verify(algorithm, message, signature.substr(1)));
  CHECK_FALSE(key.verify(algorithm, message + 'x', signature));
  CHECK_FALSE(key.verify(algorithm, flipped(message, message.size() / 2), signature));
}

}  // namespace

TEST_CASE("the signatures of RFC 9421, B.2, verify with the keys of B.1, byte for byte") {
  check_every_byte_matters(public_key(kRfc9421RsaSpki), SignatureAlgorithm::rsa_pss_sha512,
                           fixtures::kRfc9421Base21, base64(fixtures::kRfc9421Signature21));
  check_every_byte_matters(public_key(kRfc9421EcSpki), SignatureAlgorithm::ecdsa_p256_raw,
                           fixtures::kRfc9421Base24, base64(fixtures::kRfc9421Signature24));
  check_every_byte_matters(public_key(kRfc9421Ed25519Spki), SignatureAlgorithm::ed25519,
                           fixtures::kRfc9421Base26, base64(fixtures::kRfc9421Signature26));
  // Ed25519 is deterministic: ours has to be the very signature of B.2.6.
  const auto made =
      private_key(KeyType::ed25519).sign(SignatureAlgorithm::ed25519, fixtures::kRfc9421Base26);
  CHECK(made.value() == base64(fixtures::kRfc9421Signature26));
}

TEST_CASE("real signatures of SendGrid, PayPal and Amazon SNS verify, byte for byte") {
  check_every_byte_matters(public_key(fixtures::kSendgridSpki), SignatureAlgorithm::ecdsa_p256_der,
                           fixtures::kSendgridMessage, base64(fixtures::kSendgridSignature));
  check_every_byte_matters(public_key(fixtures::kPaypalSpki), SignatureAlgorithm::rsa_pkcs1_sha256,
                           fixtures::kPaypalMessage, base64(fixtures::kPaypalSignature));
  const auto sns = PublicKey::from_pem(pem("CERTIFICATE", fixtures::kSnsCertificate));
  REQUIRE(sns.ok());
  check_every_byte_matters(*sns, SignatureAlgorithm::rsa_pkcs1_sha1, fixtures::kSnsMessage,
                           base64(fixtures::kSnsSignature));
}

TEST_CASE("ECDSA agrees with RFC 6979, A.2.5, and RFC 7515, A.3") {
  const auto key = PublicKey::from_ec_p256(
      hex("60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"),
      hex("7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299"));
  REQUIRE(key.ok());
  CHECK(key->type() == KeyType::ec_p256);
  check_every_byte_matters(*key, SignatureAlgorithm::ecdsa_p256_raw, "sample",
                           hex("EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
                               "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"));
  check_every_byte_matters(*key, SignatureAlgorithm::ecdsa_p256_raw, "test",
                           hex("F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367"
                               "019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083"));

  const auto jwk = PublicKey::from_ec_p256(
      decode_base64url("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU").value(),
      decode_base64url("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0").value());
  REQUIRE(jwk.ok());
  CHECK(jwk->verify(SignatureAlgorithm::ecdsa_p256_raw,
                    "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6"
                    "Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
                    decode_base64url("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8IS"
                                     "lSApmWQxfKTUJqPP3-Kg6NU1Q")
                        .value()));
}

TEST_CASE("whatever a private key signs its public half verifies, and only with that algorithm") {
  for (const KeyType type : {KeyType::ed25519, KeyType::ec_p256, KeyType::rsa}) {
    const PrivateKey key = private_key(type);
    CHECK(key.type() == type);
    CHECK(key.public_key().type() == type);
    for (const SignatureAlgorithm algorithm : kAlgorithms) {
      CAPTURE(static_cast<int>(type), static_cast<int>(algorithm));
      const auto signature = key.sign(algorithm, "message");
      CHECK(signature.ok() == (key_type_of(algorithm) == type));
      if (!signature) {
        CHECK(signature.error().code == ErrorCode::config);
        continue;
      }
      for (const SignatureAlgorithm read_as : kAlgorithms) {
        CAPTURE(static_cast<int>(read_as));
        CHECK(key.public_key().verify(read_as, "message", *signature) == (read_as == algorithm));
      }
      CHECK(key.sign(algorithm, "").ok());
      CHECK(key.public_key().verify(algorithm, "", key.sign(algorithm, "").value()));
    }
  }
}

TEST_CASE("PKCS #1 signatures that others made verify, and no other hash passes for theirs") {
  const PublicKey key = public_key(kRfc9421RsaSpki);
  const std::string sha1 = base64(fixtures::kRsaSha1Signature);
  const std::string sha256 = base64(fixtures::kRsaSha256Signature);
  CHECK(key.verify(SignatureAlgorithm::rsa_pkcs1_sha1, "message", sha1));
  CHECK(key.verify(SignatureAlgorithm::rsa_pkcs1_sha256, "message", sha256));
  CHECK_FALSE(key.verify(SignatureAlgorithm::rsa_pkcs1_sha256, "message", sha1));
  CHECK_FALSE(key.verify(SignatureAlgorithm::rsa_pkcs1_sha1, "message", sha256));
  // PKCS #1 has one signature for each message: ours is the same.
  const PrivateKey signer = private_key(KeyType::rsa);
  CHECK(signer.sign(SignatureAlgorithm::rsa_pkcs1_sha1, "message").value() == sha1);
  CHECK(signer.sign(SignatureAlgorithm::rsa_pkcs1_sha256, "message").value() == sha256);
}

TEST_CASE("PSS asks for a salt of 64 bytes, MGF1 with SHA-512 and the full length") {
  const PublicKey key = public_key(kRfc9421RsaSpki);
  constexpr auto pss = SignatureAlgorithm::rsa_pss_sha512;
  CHECK_FALSE(key.verify(pss, "message", base64(fixtures::kPssShortSaltSignature)));
  CHECK_FALSE(key.verify(pss, "message", base64(fixtures::kPssOtherMaskSignature)));
  const std::string leading_zero = base64(fixtures::kPssLeadingZeroSignature);
  REQUIRE(leading_zero[0] == '\0');
  CHECK(key.verify(pss, "message", leading_zero));
  CHECK_FALSE(key.verify(pss, "message", leading_zero.substr(1)));
}

TEST_CASE("a DER signature has one encoding") {
  const auto key = PublicKey::from_ec_p256(
      hex("60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"),
      hex("7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299"));
  REQUIRE(key.ok());
  const std::string r = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716";
  const std::string s = "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";
  const auto accepts = [&](const std::string& text) {
    return key->verify(SignatureAlgorithm::ecdsa_p256_der, "sample", hex(text));
  };
  const std::string rest = "022100" + r + "022100" + s;
  CHECK(accepts("3046" + rest));
  CHECK_FALSE(accepts("3046" + rest + "00"));    // A byte after it.
  CHECK_FALSE(accepts("3048" + rest + "0500"));  // A value inside it.
  CHECK_FALSE(accepts("308146" + rest));         // A longer length.
  CHECK_FALSE(accepts("3080" + rest + "0000"));  // BER's open length.
  CHECK_FALSE(
      accepts("3047"
              "02220000" +
              r + "022100" + s));  // A zero too many.
  CHECK_FALSE(
      accepts("3044"
              "0220" +
              r + "0220" + s));  // Negative numbers.
  CHECK_FALSE(
      accepts("3026"
              "020100"
              "022100" +
              s));  // r is zero.
  CHECK_FALSE(
      accepts("3026"
              "022100" +
              r + "020100"));  // s is zero.
  CHECK_FALSE(accepts(r + s));
}

TEST_CASE("raw ECDSA numbers out of range are refused") {
  const PublicKey key = public_key(kRfc9421EcSpki);
  const std::string good = base64(fixtures::kRfc9421Signature24);
  const std::string order = hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
  const auto accepts = [&](const std::string& r, const std::string& s) {
    return key.verify(SignatureAlgorithm::ecdsa_p256_raw, fixtures::kRfc9421Base24, r + s);
  };
  const std::string r = good.substr(0, 32);
  const std::string s = good.substr(32);
  CHECK(accepts(r, s));
  for (const std::string& bad : {std::string(32, '\0'), std::string(32, '\xFF'), order}) {
    CHECK_FALSE(accepts(bad, s));
    CHECK_FALSE(accepts(r, bad));
    CHECK_FALSE(accepts(bad, bad));
  }
}

TEST_CASE("no bytes of any length are a signature") {
  for (const std::string_view spki : {kRfc9421Ed25519Spki, kRfc9421EcSpki, kRfc9421RsaSpki}) {
    const PublicKey key = public_key(spki);
    for (const SignatureAlgorithm algorithm : kAlgorithms) {
      for (std::size_t size = 0; size < 300; ++size) {
        for (const char fill : {'\0', '\x01', '\x30', '\x80', '\xFF'}) {
          if (key.verify(algorithm, "message", std::string(size, fill))) FAIL(size);
        }
      }
      CHECK_FALSE(key.verify(algorithm, "message", {}));
      CHECK_FALSE(key.verify(algorithm, {}, {}));
    }
  }
}

TEST_CASE("one public key comes out of every form it is written in") {
  const std::string sec1 = pem("EC PRIVATE KEY", kRfc9421Ec);
  const std::string ec_parameters = pem("EC PARAMETERS", "BggqhkjOPQMBBw==");
  const std::string certificate = pem("CERTIFICATE", fixtures::kEcCertificate);
  const std::string other_certificate = pem("CERTIFICATE", fixtures::kSnsCertificate);
  std::string folded = pem("PUBLIC KEY", kRfc9421EcSpki);
  for (char& c : folded) {
    if (c == '\n') c = ' ';
  }
  for (const std::string& text :
       {pem("PUBLIC KEY", kRfc9421EcSpki), folded, sec1, ec_parameters + sec1, certificate,
        certificate + "\r\n" + other_certificate, "subject=expired\n" + certificate + "\n \t"}) {
    CAPTURE(text);
    const auto key = PublicKey::from_pem(text);
    REQUIRE(key.ok());
    CHECK(key->verify(SignatureAlgorithm::ecdsa_p256_raw, fixtures::kRfc9421Base24,
                      base64(fixtures::kRfc9421Signature24)));
  }

  const std::string spki = base64(kRfc9421RsaSpki);
  const std::string n = spki.substr(33, 256);
  for (const auto& key :
       {PublicKey::from_pem(pem("PUBLIC KEY", kRfc9421RsaSpki)),
        PublicKey::from_pem(pem("RSA PUBLIC KEY", encode_base64(spki.substr(24)))),
        PublicKey::from_pem(pem("RSA PRIVATE KEY", kRfc9421Rsa)),
        PublicKey::from_pem(pem("PRIVATE KEY", encode_base64(rsa_pkcs8(false)))),
        PublicKey::from_pem(pem("PRIVATE KEY", encode_base64(rsa_pkcs8(true)))),
        PublicKey::from_rsa(n, hex("010001")), PublicKey::from_rsa('\0' + n, hex("00010001"))}) {
    REQUIRE(key.ok());
    CHECK(key->type() == KeyType::rsa);
    CHECK(key->ed25519_bytes().empty());
    CHECK(key->verify(SignatureAlgorithm::rsa_pss_sha512, fixtures::kRfc9421Base21,
                      base64(fixtures::kRfc9421Signature21)));
  }

  const std::string bytes = base64(kRfc9421Ed25519Spki).substr(12);
  for (const auto& key :
       {PublicKey::from_ed25519(bytes), PublicKey::from_pem(pem("PUBLIC KEY", kRfc9421Ed25519Spki)),
        PublicKey::from_pem(pem("PRIVATE KEY", kRfc9421Ed25519))}) {
    REQUIRE(key.ok());
    CHECK(key->type() == KeyType::ed25519);
    CHECK(key->ed25519_bytes() == bytes);
    CHECK(key->verify(SignatureAlgorithm::ed25519, fixtures::kRfc9421Base26,
                      base64(fixtures::kRfc9421Signature26)));
  }
}

TEST_CASE("a key of RSASSA-PSS signs with PSS and with nothing else") {
  const auto key = PrivateKey::from_pkcs8(rsa_pkcs8(true));
  REQUIRE(key.ok());
  const auto signature = key->sign(SignatureAlgorithm::rsa_pss_sha512, "message");
  REQUIRE(signature.ok());
  CHECK(public_key(kRfc9421RsaSpki)
            .verify(SignatureAlgorithm::rsa_pss_sha512, "message", *signature));
  CHECK_FALSE(key->sign(SignatureAlgorithm::rsa_pkcs1_sha256, "message").ok());
  CHECK_FALSE(key->public_key().verify(SignatureAlgorithm::rsa_pkcs1_sha256, "message",
                                       base64(fixtures::kRsaSha256Signature)));
  check_refused(PublicKey::from_spki(base64(fixtures::kPssSha256OnlySpki)), "restricted to a hash");
}

TEST_CASE("keys of other types, curves and sizes are refused") {
  for (const char* spki :
       {fixtures::kP384Spki, fixtures::kSecp256k1Spki, fixtures::kExplicitP256Spki}) {
    check_refused(PublicKey::from_spki(base64(spki)), "not P-256");
  }
  for (const char* spki : {fixtures::kX25519Spki, fixtures::kEd448Spki}) {
    check_refused(PublicKey::from_spki(base64(spki)), "neither Ed25519, nor EC P-256, nor RSA");
  }
  const std::string small = pem("RSA PRIVATE KEY", fixtures::kRsa1024);
  check_refused(PublicKey::from_pem(small), "fewer than 2048 bits");
  check_refused(PrivateKey::from_pem(small), "fewer than 2048 bits");
}

TEST_CASE("RSA numbers that no sound key has are refused") {
  const std::string e = hex("010001");
  const std::string odd_255(255, '\xFF');
  CHECK(PublicKey::from_rsa('\x80' + odd_255, e).ok());                    // 2048 bits
  CHECK(PublicKey::from_rsa('\x80' + std::string(1023, '\xFF'), e).ok());  // 8192 bits
  check_refused(PublicKey::from_rsa('\x7F' + odd_255, e), "fewer than 2048");
  check_refused(PublicKey::from_rsa('\x01' + std::string(1024, '\xFF'), e), "more than 8192");
  check_refused(PublicKey::from_rsa(std::string(255, '\xFF') + '\xFE', e), "modulus is even");
  const std::string n(256, '\xFF');
  for (const char* bad : {"00", "01", "02", "010000", "010000000000000001"}) {
    CAPTURE(bad);
    check_refused(PublicKey::from_rsa(n, hex(bad)), "exponent");
  }
  CHECK(PublicKey::from_rsa(n, hex("03")).ok());
  CHECK_FALSE(PublicKey::from_rsa("", "").ok());
  CHECK_FALSE(PublicKey::from_rsa(n, "").ok());
  CHECK_FALSE(PublicKey::from_rsa("", e).ok());
  CHECK_FALSE(PublicKey::from_rsa(std::string(70'000, '\0') + n, e).ok());
  CHECK_FALSE(PublicKey::from_rsa(n, std::string(70'000, '\0') + e).ok());
}

TEST_CASE("points that are not on P-256 are refused") {
  const std::string point = base64(kRfc9421EcSpki).substr(27);
  const std::string x = point.substr(0, 32);
  const std::string y = point.substr(32);
  CHECK(PublicKey::from_ec_p256(x, y).ok());
  CHECK_FALSE(PublicKey::from_ec_p256(y, x).ok());
  CHECK_FALSE(PublicKey::from_ec_p256(x, flipped(y, 31)).ok());
  CHECK_FALSE(PublicKey::from_ec_p256(std::string(32, '\0'), std::string(32, '\0')).ok());
  CHECK_FALSE(PublicKey::from_ec_p256(std::string(32, '\xFF'), y).ok());
  check_refused(PublicKey::from_ec_p256(x.substr(1), y), "32 bytes");
  check_refused(PublicKey::from_ec_p256(x, '\0' + y), "32 bytes");
  check_refused(PublicKey::from_ec_p256(x + y, ""), "32 bytes");
  // The point at infinity is one zero byte.
  check_refused(PublicKey::from_spki(hex("301906072a8648ce3d020106082a8648ce3d030107") + "x"), "");
  check_refused(PublicKey::from_spki(hex("3019301306072a8648ce3d020106082a8648ce3d030107030200"
                                         "00")),
                "no point of P-256");
}

TEST_CASE("keys of the wrong length are refused") {
  for (const std::size_t size : {0U, 31U, 33U, 64U}) {
    check_refused(PublicKey::from_ed25519(std::string(size, 'x')), "32 bytes");
    check_refused(PrivateKey::from_ed25519_seed(std::string(size, 'x')), "32 bytes");
  }
}

TEST_CASE("an encrypted private key is refused, and no password is asked for") {
  const std::string modern = pem("ENCRYPTED PRIVATE KEY", fixtures::kEncryptedPkcs8);
  const std::string old = std::string("-----BEGIN EC PRIVATE KEY-----\n") +
                          fixtures::kEncryptedSec1Body + "\n-----END EC PRIVATE KEY-----\n";
  check_refused(PrivateKey::from_pem(modern), "encrypted");
  check_refused(PublicKey::from_pem(modern), "encrypted");
  check_refused(PrivateKey::from_pem(old), "encrypted");
  check_refused(PublicKey::from_pem(old), "encrypted");
  // Under another name, too.
  CHECK_FALSE(PrivateKey::from_pkcs8(base64(fixtures::kEncryptedPkcs8)).ok());
  for (const char* label : {"PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY", "PUBLIC KEY"}) {
    CHECK_FALSE(PublicKey::from_pem(pem(label, fixtures::kEncryptedPkcs8)).ok());
  }
}

TEST_CASE("a private key that its public half does not belong to is refused") {
  check_refused(PrivateKey::from_pem(pem("EC PRIVATE KEY", fixtures::kMismatchedSec1)),
                "does not belong");
  const std::string rsa = base64(kRfc9421Rsa);
  for (const std::size_t at : {20U, 150U, 267U, 285U, 530U, 660U, 800U, 1000U, 1190U}) {
    CAPTURE(at);
    const auto key = PrivateKey::from_pem(pem("RSA PRIVATE KEY", encode_base64(flipped(rsa, at))));
    // OpenSSL needs only one of d and the primes; where it signs, it signs right.
    if (!key) continue;
    CHECK(public_key(kRfc9421RsaSpki)
              .verify(SignatureAlgorithm::rsa_pkcs1_sha256, "message",
                      key->sign(SignatureAlgorithm::rsa_pkcs1_sha256, "message").value()));
  }
}

TEST_CASE("bytes after a key, and a key cut off, are refused") {
  for (const char* spki : {kRfc9421Ed25519Spki, kRfc9421EcSpki, kRfc9421RsaSpki}) {
    const std::string der = base64(spki);
    CHECK_FALSE(PublicKey::from_spki(der + '\0').ok());
    CHECK_FALSE(PublicKey::from_spki(der + der).ok());
    CHECK_FALSE(PublicKey::from_spki('\0' + der).ok());
    for (std::size_t size = 0; size < der.size(); ++size) {
      if (PublicKey::from_spki(der.substr(0, size)).ok()) FAIL(size);
    }
  }
  const auto with_tail = [](const char* label, std::string der) {
    return PublicKey::from_pem(pem(label, encode_base64(der.append("\0", 1)))).ok();
  };
  CHECK_FALSE(with_tail("RSA PUBLIC KEY", base64(kRfc9421RsaSpki).substr(24)));
  CHECK_FALSE(with_tail("RSA PRIVATE KEY", base64(kRfc9421Rsa)));
  CHECK_FALSE(with_tail("EC PRIVATE KEY", base64(kRfc9421Ec)));
  CHECK_FALSE(with_tail("PRIVATE KEY", base64(kRfc9421Ed25519)));
  CHECK_FALSE(with_tail("CERTIFICATE", base64(fixtures::kEcCertificate)));
}

TEST_CASE("a text whose key is not clear is refused") {
  const std::string spki = pem("PUBLIC KEY", kRfc9421EcSpki);
  const std::string certificate = pem("CERTIFICATE", fixtures::kEcCertificate);
  const std::string sec1 = pem("EC PRIVATE KEY", kRfc9421Ec);
  for (const std::string& text : {spki + spki, certificate + spki, spki + certificate,
                                  certificate + sec1, sec1 + sec1, sec1 + certificate}) {
    check_refused(PublicKey::from_pem(text), "more than one");
    check_refused(PrivateKey::from_pem(text), "more than one");
  }
  check_refused(PrivateKey::from_pem(spki), "can verify but not sign");
  check_refused(PrivateKey::from_pem(certificate), "can verify but not sign");
  check_refused(PublicKey::from_pem(pem("CERTIFICATE REQUEST", kRfc9421EcSpki)), "kind");
  check_refused(PublicKey::from_pem(spki + std::string(70'000, '\n')), "64 KiB");
  CHECK(PrivateKey::from_pkcs8(ed25519_pkcs8(60'000)).ok());
  CHECK_FALSE(PrivateKey::from_pkcs8(ed25519_pkcs8(70'000)).ok());
}

TEST_CASE("neither refusals nor failed checks leave an OpenSSL error behind") {
  ERR_clear_error();
  ERR_put_error(ERR_LIB_USER, 0, 42, "caller", 1);
  CHECK_FALSE(PublicKey::from_spki("nonsense").ok());
  CHECK_FALSE(PublicKey::from_pem(pem("CERTIFICATE", "bm9uc2Vuc2U=")).ok());
  CHECK_FALSE(PrivateKey::from_pkcs8("nonsense").ok());
  CHECK_FALSE(PublicKey::from_ec_p256(std::string(32, 'x'), std::string(32, 'y')).ok());
  CHECK_FALSE(PublicKey::from_rsa("n", "e").ok());
  CHECK_FALSE(public_key(kRfc9421RsaSpki)
                  .verify(SignatureAlgorithm::rsa_pss_sha512, "m", std::string(256, 'x')));
  CHECK_FALSE(public_key(kRfc9421EcSpki)
                  .verify(SignatureAlgorithm::ecdsa_p256_der, "m", std::string(70, 'x')));
  CHECK(ERR_GET_REASON(ERR_get_error()) == 42);  // The caller's own is still there, and alone.
  CHECK(ERR_get_error() == 0);
}

TEST_CASE("one key signs and verifies in many threads at once, through copies and moves") {
  std::atomic<int> wrong{0};
  for (const SignatureAlgorithm algorithm : kAlgorithms) {
    const PrivateKey key = private_key(key_type_of(algorithm));
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        PublicKey copy = key.public_key();
        const PublicKey mine = std::move(copy);
        for (int n = 0; n < 20; ++n) {
          const auto signature = key.sign(algorithm, "message");
          if (!signature || !mine.verify(algorithm, "message", *signature)) ++wrong;
        }
      });
    }
    for (auto& thread : threads) thread.join();
  }
  CHECK(wrong == 0);
}
