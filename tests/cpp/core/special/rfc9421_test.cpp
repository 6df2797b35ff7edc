#include "catch.h"
#include "core/special/special_tools.h"
#include "webhookcore/base/encoding.h"
#include "webhookcore/core/special/content_digest.h"
#include "webhookcore/core/special/key_reference.h"

using namespace webhookcore;
using namespace webhookcore::test;

namespace {

constexpr const char* kUrl = "https://example.com/hook?x=1";
const std::string kSecret = encode_base64("a secret of 32 bytes, more or less");

Scheme without_requirements() {
  Scheme scheme = scheme_named("rfc9421");
  set(scheme, "required", "");
  return scheme;
}

// Signs what the input lists by HMAC, and verifies it.
std::string verdict_of(const Scheme& scheme, const std::string& input,
                       const std::vector<OwnedHeader>& others = {}, std::string_view body = "{}") {
  std::vector<OwnedHeader> headers = others;
  headers.push_back({"Signature-Input", "s=" + input});
  headers.push_back({"Signature", "s=:" + encode_base64(std::string(32, 'x')) + ":"});
  const auto reading = read(scheme, body, headers, kUrl);
  if (std::holds_alternative<Refusal>(reading)) return outcome(reading);
  const auto key = HmacKey::create(Hash::sha256, *decode_base64(kSecret));
  const std::string content = content_of(reading);
  const std::string_view piece = content;
  headers.back().value = "s=:" + encode_base64(key.value().mac(std::span(&piece, 1)).view()) + ":";
  return verdict_of_signed(scheme, kSecret, {.headers = headers}, body, kUrl);
}

std::string verdict_of(const std::string& input) {
  return verdict_of(without_requirements(), input);
}

std::string read_headers(const std::string& input, const std::string& signature) {
  return outcome(read(without_requirements(), "{}",
                      {{"Signature-Input", input}, {"Signature", signature}}, kUrl));
}

const std::string kBytes = ":" + encode_base64(std::string(32, 'x')) + ":";

}  // namespace

TEST_CASE("what is signed by RFC 9421 is verified again, by a key of any type") {
  const Scheme scheme = scheme_named("rfc9421");
  for (const std::string& key :
       {kSecret, rsa_private_key(), ec_private_key(), ed25519_private_key()}) {
    const auto message =
        must_sign(scheme, key, {.body = "{}", .timestamp = kNow, .url = kUrl, .method = "POST"});
    CHECK(value_of(message.headers, "Signature-Input") ==
          "sig1=(\"@method\" \"@target-uri\" \"content-digest\");created=1700000000");
    CHECK(verdict_of_signed(scheme, key, message, "{}", kUrl) == "ok");
    CHECK(verdict_of_signed(scheme, key, message, "{ }", kUrl) == "body_mismatch");
    CHECK(verdict_of_signed(scheme, key, message, "{}", "https://example.com/other") ==
          "signature_mismatch");
    CHECK(verdict_of_signed(scheme, key, message, "{}", kUrl, kNow + std::chrono::seconds(301)) ==
          "timestamp_too_old");
  }
  const auto message = must_sign(scheme, kSecret, {.body = "{}", .timestamp = kNow, .url = kUrl});
  CHECK(verdict_of_signed(scheme, rsa_private_key(), message, "{}", kUrl) == "signature_mismatch");
}

TEST_CASE("a sender signs the first of every choice, its key's id and its tag") {
  Scheme scheme = scheme_named("rfc9421");
  set(scheme, "required", "@path|@method content-type|x x-a ;created");
  set(scheme, "keyid", "key \"1\"");
  set(scheme, "tag", "hook");
  set(scheme, "label", "mine");
  const Header sent[] = {{"X-A", "1"}, {"Content-Digest", "of the sender"}};
  auto message =
      must_sign(scheme, kSecret, {.body = "{}", .timestamp = kNow, .url = kUrl, .headers = sent});
  CHECK(value_of(message.headers, "Signature-Input") ==
        R"(mine=("@path" "content-type" "x-a");created=1700000000;keyid="key \"1\"";tag="hook")");
  CHECK(value_of(message.headers, "Content-Digest").empty());
  message.headers.push_back({"content-type", "application/json"});
  message.headers.push_back({"x-a", "1"});
  CHECK(verdict_of_signed(scheme, kSecret, message, "{}", kUrl) == "ok");
  message.headers.back().value = "2";
  CHECK(verdict_of_signed(scheme, kSecret, message, "{}", kUrl) == "signature_mismatch");
}

TEST_CASE("what cannot be signed by RFC 9421 is a config error") {
  Scheme scheme = scheme_named("rfc9421");
  const SigningRequest request{.body = "{}", .timestamp = kNow, .url = kUrl};
  CHECK(try_to_sign(scheme, kSecret, {.body = "{}", .timestamp = kNow}).error().field == "headers");
  set(scheme, "required", "x-absent");
  CHECK(try_to_sign(scheme, kSecret, request).error().field == "headers");
  set(scheme, "required", "");
  set(scheme, "keyid", "a\nb");
  CHECK(try_to_sign(scheme, kSecret, request).error().field == "settings");
  set(scheme, "keyid", "");
  set(scheme, "label", "a=();x, b");
  CHECK(try_to_sign(scheme, kSecret, request).error().field == "settings");
}

TEST_CASE("a signature that leaves out what is required is refused") {
  const Scheme scheme = scheme_named("rfc9421");
  const std::vector<OwnedHeader> digest{{"Content-Digest", special::make_content_digest("{}")}};
  const std::string created = ";created=1700000000";
  CHECK(verdict_of(scheme, R"(("@method" "@path" "content-digest"))" + created, digest) == "ok");
  CHECK(verdict_of(scheme, R"(("@method" "@target-uri" "content-digest"))" + created, digest) ==
        "ok");
  CHECK(verdict_of(scheme, R"(("@method" "@path" "content-digest"))", digest) ==
        "malformed_header");
  CHECK(verdict_of(scheme, R"(("@path" "content-digest"))" + created, digest) ==
        "malformed_header");
  CHECK(verdict_of(scheme, R"(("@method" "content-digest"))" + created, digest) ==
        "malformed_header");
  CHECK(verdict_of(scheme, R"(("@method" "@path"))" + created, digest) == "malformed_header");
  CHECK(verdict_of(scheme, R"(("@method" "@path" "content-digest"))" + created) ==
        "missing_header");
}

TEST_CASE("whoever says what has to be covered wants a time as well, unless it is said otherwise") {
  Scheme scheme = scheme_named("rfc9421");
  set(scheme, "required", "@method");
  CHECK(verdict_of(scheme, R"(("@method"))") == "malformed_header");
  CHECK(verdict_of(scheme, R"(("@method");created=1700000000)") == "ok");
  for (const char* value : {"0", "1", "yes"}) {
    set(scheme, "require_created", value);
    const bool asks = std::string_view(value) != "0";
    CAPTURE(value);
    CHECK(verdict_of(scheme, R"(("@method"))") == (asks ? "malformed_header" : "ok"));
  }
  Scheme loose = without_requirements();
  CHECK(verdict_of(loose, "()") == "ok");
  set(loose, "require_created", "1");
  CHECK(verdict_of(loose, "()") == "malformed_header");
}

TEST_CASE("the parameters of a signature bound its time") {
  CHECK(verdict_of("()") == "ok");
  CHECK(verdict_of("();created=1700000300") == "ok");
  CHECK(verdict_of("();created=1700000301") == "timestamp_too_new");
  CHECK(verdict_of("();created=1699999699") == "timestamp_too_old");
  CHECK(verdict_of("();expires=1700000000") == "ok");
  CHECK(verdict_of("();expires=1699999999") == "timestamp_too_old");
  CHECK(verdict_of("();created=\"1\"") == "malformed_timestamp");
  CHECK(verdict_of("();created=-1") == "malformed_timestamp");
  CHECK(verdict_of("();created=1.5") == "malformed_timestamp");
  CHECK(verdict_of("();created") == "malformed_timestamp");
  CHECK(verdict_of("();expires=?1") == "malformed_timestamp");
  CHECK(verdict_of("();keyid=7") == "malformed_header");
}

TEST_CASE("the algorithm is the key's, and what a signature says of it has to agree") {
  CHECK(verdict_of("();alg=\"hmac-sha256\"") == "ok");
  CHECK(verdict_of("();alg=\"ed25519\"") == "malformed_signature");
  CHECK(verdict_of("();alg=\"none\"") == "unsupported_version");
  CHECK(verdict_of("();alg=hmac-sha256") == "unsupported_version");
  Scheme scheme = without_requirements();
  scheme.versions = {{"ed25519", Algorithm::ed25519}};
  CHECK(outcome(read(scheme, "{}",
                     {{"Signature-Input", "s=();alg=\"hmac-sha256\""},
                      {"Signature", "s=" + kBytes}})) == "unsupported_version");
}

TEST_CASE("of several signatures one has to be named") {
  const std::string inputs = "a=();tag=\"x\", b=();tag=\"y\"";
  const std::string signatures = "a=" + kBytes + ", b=" + kBytes;
  CHECK(read_headers(inputs, signatures) == "too_many_signatures");
  const auto chosen = [&](const char* setting, const char* value) {
    Scheme scheme = without_requirements();
    set(scheme, setting, value);
    return outcome(
        read(scheme, "{}", {{"Signature-Input", inputs}, {"Signature", signatures}}, kUrl));
  };
  CHECK(chosen("label", "b") == "ok");
  CHECK(chosen("label", "c") == "missing_header");
  CHECK(chosen("tag", "y") == "ok");
  CHECK(chosen("tag", "z") == "missing_header");
}

TEST_CASE("headers of RFC 9421 that are not what they should be are refused") {
  CHECK(read_headers("s=()", "s=" + kBytes) == "ok");
  CHECK(read_headers("s=()", "t=" + kBytes) == "missing_header");
  CHECK(read_headers("s=()", "s=(" + kBytes + ")") == "malformed_signature");
  CHECK(read_headers("s=()", "s=\"x\"") == "malformed_signature");
  CHECK(read_headers("s=()", "s=::") == "malformed_signature");
  CHECK(read_headers("s=()", "s=:x:") == "malformed_header");
  CHECK(read_headers("s", "s=" + kBytes) == "malformed_header");
  CHECK(read_headers("s=(", "s=" + kBytes) == "malformed_header");
  CHECK(read_headers("", "s=" + kBytes) == "missing_header");
  CHECK(read_headers("s=()", "") == "missing_header");
  CHECK(read_headers("s=();x=\"" + std::string(8192, 'a') + "\"", "s=" + kBytes) ==
        "header_too_large");
  CHECK(outcome(read(without_requirements(), "", {{"Signature", "s=" + kBytes}})) ==
        "missing_header");
  CHECK(outcome(read(without_requirements(), "", {{"Signature-Input", "s=()"}})) ==
        "missing_header");
}

TEST_CASE("a dictionary may come in several headers") {
  Scheme scheme = without_requirements();
  set(scheme, "label", "b");
  CHECK(outcome(read(scheme, "{}",
                     {{"Signature-Input", "a=()"},
                      {"Signature", "a=" + kBytes},
                      {"Signature-Input", "b=()"},
                      {"Signature", "b=" + kBytes}},
                     kUrl)) == "ok");
}

TEST_CASE("the key's id is told, and nothing of a request that cannot be right") {
  const std::vector<OwnedHeader> headers{
      {"Signature-Input", "s=();keyid=\"key-1\";created=1700000000"}, {"Signature", "s=" + kBytes}};
  const auto views = views_of(headers);
  const auto keyless =
      Verifier::create_keyless(std::make_shared<Scheme>(without_requirements()), std::nullopt);
  REQUIRE(keyless.ok());
  const auto found = find_key_reference(*keyless, {.body = "{}", .headers = views}, kNow);
  REQUIRE(std::holds_alternative<KeyReference>(found));
  CHECK(std::get<KeyReference>(found).id == "key-1");
  const auto later = find_key_reference(*keyless, {.body = "{}", .headers = views},
                                        kNow + std::chrono::seconds(301));
  REQUIRE(std::holds_alternative<Refusal>(later));
  CHECK(std::get<Refusal>(later).reason == Reason::timestamp_too_old);
}
