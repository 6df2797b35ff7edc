#include "webhookcore/base/key_ring.h"

#include "catch.h"
#include "webhookcore/base/encoding.h"

using namespace webhookcore;

namespace {

SeededRandom seeded{7};

std::string key_text(char fill) { return encode_base64(std::string(32, fill)); }

KeyRing ring_of(const std::string& text) {
  auto ring = KeyRing::parse(text);
  REQUIRE(ring);
  return std::move(*ring);
}

std::string refusal(const std::string& text) {
  const auto ring = KeyRing::parse(text);
  REQUIRE_FALSE(ring);
  CHECK(ring.error().code == ErrorCode::config);
  CHECK(ring.error().field == "WEBHOOKCORE_ENCRYPTION_KEY");
  return ring.error().detail;
}

}  // namespace

TEST_CASE("the first key of a ring seals, and every key of it opens") {
  const KeyRing old_ring = ring_of("2025:" + key_text('a'));
  const KeyRing both = ring_of("2026:" + key_text('b') + ", 2025:" + key_text('a'));
  const std::string old_text = old_ring.seal("5:hello,", "row 1", seeded);
  const std::string new_text = both.seal("5:hello,", "row 1", seeded);
  CHECK(seal_id_of(old_text) == "2025");
  CHECK(seal_id_of(new_text) == "2026");
  CHECK(*both.open(old_text, "row 1") == "5:hello,");
  CHECK(*both.open(new_text, "row 1") == "5:hello,");
  CHECK(both.should_reseal(old_text));
  CHECK_FALSE(both.should_reseal(new_text));
  CHECK(old_ring.open(new_text, "row 1").error().code == ErrorCode::wrong_store_key);
  CHECK(old_text.find("hello") == std::string::npos);
}

TEST_CASE("a text sealed for one row opens in no other") {
  const KeyRing ring = ring_of(key_text('a'));
  const std::string sealed = ring.seal("secret", "ep_1 secrets", seeded);
  CHECK(*ring.open(sealed, "ep_1 secrets") == "secret");
  CHECK(ring.open(sealed, "ep_2 secrets").error().code == ErrorCode::store_corrupt);
  CHECK(ring.open(sealed, "ep_1 headers").error().code == ErrorCode::store_corrupt);
  CHECK(ring.open(sealed.substr(0, 20), "ep_1 secrets").error().code == ErrorCode::store_corrupt);
}

TEST_CASE("the same text is sealed differently each time") {
  const KeyRing ring = ring_of(key_text('a'));
  CHECK(ring.seal("secret", "row", seeded) != ring.seal("secret", "row", seeded));
}

TEST_CASE("a ring without a key leaves texts plain, and cannot open what is sealed") {
  const KeyRing none;
  CHECK(none.seal("6:secret,", "row", seeded) == "6:secret,");
  CHECK(*none.open("6:secret,", "row") == "6:secret,");
  CHECK_FALSE(none.should_reseal("6:secret,"));
  const KeyRing ring = ring_of(key_text('a'));
  CHECK(none.open(ring.seal("s", "row", seeded), "row").error().code == ErrorCode::wrong_store_key);
  CHECK(*ring.open("6:secret,", "row") == "6:secret,");
  CHECK(ring.should_reseal("6:secret,"));
}

TEST_CASE("a key without an id has one made of its hash, always the same") {
  const KeyRing ring = ring_of(key_text('a'));
  CHECK(ring.sealing_id().size() == 9);
  CHECK(ring.sealing_id() == ring_of(" " + key_text('a') + "\n").sealing_id());
  CHECK(ring.sealing_id() != ring_of(key_text('b')).sealing_id());
}

TEST_CASE("what is no ring of keys is refused, and no byte of a key is shown") {
  const std::string key = key_text('a');
  const std::string short_key = encode_base64(std::string(16, 's'));
  CHECK(refusal("").find("32 bytes") != std::string::npos);
  CHECK(refusal("no base64!").find("base64") != std::string::npos);
  CHECK(refusal("no base64!").find("no base64!") == std::string::npos);
  CHECK(refusal(short_key).find("16") != std::string::npos);
  CHECK(refusal(short_key).find(short_key) == std::string::npos);
  CHECK(refusal(key + ",").find("32 bytes") != std::string::npos);
  CHECK(refusal("a:" + key + ",a:" + key_text('b')).find("two keys") != std::string::npos);
  CHECK(refusal("an id:" + key).find("id") != std::string::npos);
  CHECK(refusal(std::string(33, 'i') + ":" + key).find("id") != std::string::npos);
  std::string many = "k0:" + key;
  for (int i = 1; i <= 16; ++i) many += ",k" + std::to_string(i) + ":" + key;
  CHECK(refusal(many) == "at most 16 keys");
}
