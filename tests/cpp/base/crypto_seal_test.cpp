#include "webhookcore/base/crypto_seal.h"

#include "catch.h"
#include "webhookcore/base/encoding.h"

using namespace webhookcore;

namespace {

std::string bytes(std::string_view hex) { return decode_hex(hex).value(); }

struct Vector {
  const char* key;
  const char* nonce;
  const char* bound_to;
  const char* text;
  const char* sealed;  // Ciphertext and tag.
};

constexpr const char* kZeros = "0000000000000000000000000000000000000000000000000000000000000000";
constexpr const char* kKey = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";

// McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B, test cases 13 to 16:
// those that NIST was given with the mode, for a key of 256 and a nonce of 96 bits.
constexpr Vector kVectors[] = {
    {kZeros, "000000000000000000000000", "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
    {kZeros, "000000000000000000000000", "", "00000000000000000000000000000000",
     "cea7403d4d606b6e074ec5d3baf39d18"
     "d0d1c8a799996bf0265b98b5d48ab919"},
    {kKey, "cafebabefacedbaddecaf888", "",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
     "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
     "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad"
     "b094dac5d93471bdec1a502270e3cc6c"},
    {kKey, "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
     "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
     "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
     "76fc6ece0f4e1768cddf8853bb2d551b"},
};

}  // namespace

TEST_CASE("AES-256-GCM agrees with the official vectors, both ways") {
  for (const Vector& vector : kVectors) {
    const auto key = SealKey::create(bytes(vector.key));
    REQUIRE(key);
    const std::string sealed =
        key->seal(bytes(vector.text), bytes(vector.bound_to), bytes(vector.nonce));
    CHECK(encode_hex(sealed) == vector.sealed);
    CHECK(key->open(sealed, bytes(vector.bound_to), bytes(vector.nonce)) == bytes(vector.text));
  }
}

TEST_CASE("a sealed text does not open when one bit of it, of its place or its nonce differs") {
  const auto key = SealKey::create(bytes(kKey));
  const std::string nonce = bytes("cafebabefacedbaddecaf888");
  const std::string sealed = key->seal("whsec_secret", "row 7", nonce);
  REQUIRE(key->open(sealed, "row 7", nonce) == "whsec_secret");
  for (std::size_t at = 0; at < sealed.size(); ++at) {
    std::string changed = sealed;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    CHECK_FALSE(key->open(changed, "row 7", nonce));
    CHECK_FALSE(key->open(sealed.substr(0, at), "row 7", nonce));
  }
  CHECK_FALSE(key->open(sealed, "row 8", nonce));
  CHECK_FALSE(key->open(sealed, "row 7", bytes("cafebabefacedbaddecaf889")));
  CHECK_FALSE(key->open(sealed, "row 7", "short"));
  CHECK_FALSE(SealKey::create(bytes(kZeros))->open(sealed, "row 7", nonce));
}

TEST_CASE("a sealing key has 32 bytes") {
  CHECK(SealKey::create(std::string(31, 'k')).error().code == ErrorCode::config);
  CHECK(SealKey::create(std::string(33, 'k')).error().code == ErrorCode::config);
  CHECK(SealKey::create("").error().code == ErrorCode::config);
}
