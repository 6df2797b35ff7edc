#include "webhookcore/base/crypto.h"

#include <atomic>
#include <thread>
#include <vector>

#include "catch.h"
#include "webhookcore/base/encoding.h"

using namespace webhookcore;

namespace {

std::string mac_of(Hash hash, std::string_view key, std::string_view message) {
  const auto made = HmacKey::create(hash, key);
  REQUIRE(made.ok());
  return encode_hex(made->mac(std::span(&message, 1)).view());
}

std::string hex(std::string_view text) { return decode_hex(text).value(); }

}  // namespace

TEST_CASE("HMAC-SHA-256, -384 and -512 agree with RFC 4231") {
  const std::string key1(20, '\x0B');
  CHECK(mac_of(Hash::sha256, key1, "Hi There") ==
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  CHECK(mac_of(Hash::sha384, key1, "Hi There") ==
        "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59c"
        "faea9ea9076ede7f4af152e8b2fa9cb6");
  CHECK(mac_of(Hash::sha512, key1, "Hi There") ==
        "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
        "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854");
  CHECK(mac_of(Hash::sha256, "Jefe", "what do ya want for nothing?") ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  // Longer than a block: the key itself is hashed first.
  const std::string key6(131, '\xAA');
  CHECK(mac_of(Hash::sha256, key6, "Test Using Larger Than Block-Size Key - Hash Key First") ==
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  CHECK(mac_of(Hash::sha512, key6, "Test Using Larger Than Block-Size Key - Hash Key First") ==
        "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
        "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598");
}

TEST_CASE("HMAC-SHA-1 agrees with RFC 2202") {
  CHECK(mac_of(Hash::sha1, std::string(20, '\x0B'), "Hi There") ==
        "b617318655057264e28bc0b6fb378c8ef146be00");
  CHECK(mac_of(Hash::sha1, "Jefe", "what do ya want for nothing?") ==
        "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
  CHECK(mac_of(Hash::sha1, std::string(80, '\xAA'),
               "Test Using Larger Than Block-Size Key - Hash Key First") ==
        "aa4ae5e15272d00e95705637ce8a3b55ed402112");
}

TEST_CASE("a MAC over pieces is the MAC over their sum") {
  const auto key = HmacKey::create(Hash::sha256, "secret");
  const std::string_view whole[] = {"1700000000.{}"};
  const std::string_view pieces[] = {"1700000000", "", ".", "{}"};
  CHECK(key->mac(whole).view() == key->mac(pieces).view());
}

TEST_CASE("an empty key is refused, because everybody knows it") {
  const auto key = HmacKey::create(Hash::sha256, "");
  REQUIRE_FALSE(key.ok());
  CHECK(key.error().code == ErrorCode::config);
}

TEST_CASE("digests agree with FIPS 180-4") {
  const std::string_view message = "abc";
  const auto of = [&](Hash hash) {
    return encode_hex(digest(hash, std::span(&message, 1)).view());
  };
  CHECK(of(Hash::sha1) == "a9993e364706816aba3e25717850c26c9cd0d89d");
  CHECK(of(Hash::sha256) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(of(Hash::sha384).size() == 2 * digest_size(Hash::sha384));
  CHECK(of(Hash::sha512).size() == 2 * digest_size(Hash::sha512));
}

TEST_CASE("one key gives the same MAC to many threads at once") {
  const auto key = HmacKey::create(Hash::sha256, "secret");
  const std::string_view message = "message";
  const std::string expected(key->mac(std::span(&message, 1)).view());
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 2000; ++n) {
        if (key->mac(std::span(&message, 1)).view() != expected) ++wrong;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
}

TEST_CASE("Ed25519 agrees with RFC 8032, tests 1 to 3") {
  struct Example {
    const char* seed;
    const char* public_key;
    const char* message;
    const char* signature;
  };
  const Example examples[] = {
      {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
       "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
       "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf"
       "9"
       "b46bd25bf5f0595bbe24655141438e7a100b"},
      {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
       "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
       "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f"
       "1"
       "1d8c387b2eaeb4302aeeb00d291612bb0c00"},
      {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
       "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
       "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984"
       "d"
       "c6594a7c15e9716ed28dc027beceea1ec40a"}};
  for (const Example& example : examples) {
    const auto pair = ed25519_from_seed(hex(example.seed));
    REQUIRE(pair.ok());
    CHECK(encode_hex(pair->public_key) == example.public_key);
    const std::string message = hex(example.message);
    const auto signature = ed25519_sign(pair->seed, message);
    REQUIRE(signature.ok());
    CHECK(encode_hex(*signature) == example.signature);

    const auto key = Ed25519PublicKey::create(pair->public_key);
    REQUIRE(key.ok());
    CHECK(key->verify(message, *signature));
    CHECK_FALSE(key->verify(message + "x", *signature));
    CHECK_FALSE(key->verify(message, signature->substr(1)));
    std::string changed = *signature;
    changed[63] = static_cast<char>(changed[63] ^ 1);
    CHECK_FALSE(key->verify(message, changed));
  }
}

TEST_CASE("Ed25519 keys of another length are refused") {
  for (const std::size_t size : {0U, 31U, 33U, 64U}) {
    CHECK_FALSE(ed25519_from_seed(std::string(size, 'x')).ok());
    CHECK_FALSE(Ed25519PublicKey::create(std::string(size, 'x')).ok());
    CHECK_FALSE(ed25519_sign(Secret(std::string(size, 'x')), "message").ok());
  }
}

TEST_CASE("comparison asks for equal length and equal bytes") {
  CHECK(equal_in_constant_time("", ""));
  CHECK(equal_in_constant_time("abc", "abc"));
  CHECK_FALSE(equal_in_constant_time("abc", "abd"));
  CHECK_FALSE(equal_in_constant_time("abc", "ab"));
}
