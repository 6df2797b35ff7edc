#include "webhookcore/core/verifier.h"

#include "catch.h"
#include "core/signing_tools.h"
#include "webhookcore/base/encoding.h"

using namespace webhookcore;
using namespace webhookcore::test;
using namespace std::chrono_literals;

namespace {

const std::string kBody = R"({"id":"evt_1","type":"order.paid"})";

std::vector<OwnedHeader> signed_headers(const char* scheme, const std::vector<std::string>& secrets,
                                        std::string_view body = kBody, TimePoint at = kNow) {
  return sign_with(*find_scheme(scheme), secrets,
                   {.body = body, .id = "msg_1", .type = "order.paid", .timestamp = at});
}

std::string& header(std::vector<OwnedHeader>& headers, std::string_view name) {
  for (auto& each : headers) {
    if (each.name == name) return each.value;
  }
  throw std::runtime_error("no such header in the test");
}

std::string with_value(const char* scheme, const std::string& secret, const char* name,
                       const std::string& value) {
  auto headers = signed_headers(scheme, {secret});
  header(headers, name) = value;
  return outcome(make_verifier(scheme, {secret}), headers, kBody);
}

}  // namespace

TEST_CASE("a verifier is refused without secrets, without a scheme and without a tolerance") {
  const std::string_view good[] = {"secret"};
  const std::string_view second_bad[] = {"secret", ""};
  const auto scheme = find_scheme("github");
  CHECK(Verifier::create(scheme, good, std::nullopt).ok());
  CHECK(Verifier::create(nullptr, good, std::nullopt).error().field == "scheme");
  CHECK(Verifier::create(scheme, {}, std::nullopt).error().field == "secrets");
  CHECK(Verifier::create(scheme, second_bad, std::nullopt).error().field == "secrets[1]");
  CHECK(Verifier::create(scheme, good, Duration(0)).error().field == "tolerance");
  CHECK(Verifier::create(scheme, good, Duration(-5)).error().field == "tolerance");
  CHECK(Verifier::create(scheme, good, std::nullopt)->tolerance() == 300s);
}

TEST_CASE("the secret that matched is told by its index, whichever it is") {
  const auto headers = signed_headers("stripe", {"new"});
  const auto views = views_of(headers);
  const std::vector<std::vector<std::string>> lists{
      {"new", "old"}, {"old", "new"}, {"a", "b", "new"}};
  const std::size_t expected[] = {0, 1, 2};
  for (std::size_t i = 0; i < lists.size(); ++i) {
    const Verdict verdict =
        make_verifier("stripe", lists[i]).verify({.body = kBody, .headers = views}, kNow);
    REQUIRE(std::holds_alternative<Accepted>(verdict));
    CHECK(std::get<Accepted>(verdict).secret_index == expected[i]);
    CHECK(std::get<Accepted>(verdict).timestamp == kNow);
  }
  CHECK(outcome(make_verifier("stripe", {"old", "older"}), headers, kBody) == "signature_mismatch");
}

TEST_CASE("a tolerance of 300 s passes at exactly 300 s, both ways, and not beyond") {
  for (const char* scheme : {"standard", "stripe", "slack", "generic", "generic-body"}) {
    CAPTURE(scheme);
    const std::string secret = secret_for(*find_scheme(scheme));
    const auto headers = signed_headers(scheme, {secret});
    const Verifier verifier = make_verifier(scheme, {secret});
    CHECK(outcome(verifier, headers, kBody, kNow + 300s) == "ok");
    CHECK(outcome(verifier, headers, kBody, kNow - 300s) == "ok");
    CHECK(outcome(verifier, headers, kBody, kNow + 300s + 1ms) == "timestamp_too_old");
    CHECK(outcome(verifier, headers, kBody, kNow - 300s - 1ms) == "timestamp_too_new");
  }
}

TEST_CASE("the MAC is judged before the age") {
  const auto headers = signed_headers("stripe", {"secret"});
  const Verifier verifier = make_verifier("stripe", {"secret"});
  CHECK(outcome(verifier, headers, "{}", kNow + 24h) == "signature_mismatch");
  CHECK(outcome(verifier, headers, kBody, kNow + 24h) == "timestamp_too_old");
}

TEST_CASE("a header that the scheme reads is refused when it comes twice") {
  const std::string secret = secret_for(*find_scheme("standard"));
  const Verifier verifier = make_verifier("standard", {secret});
  for (const char* name : {"webhook-id", "webhook-timestamp", "webhook-signature"}) {
    auto headers = signed_headers("standard", {secret});
    headers.push_back({"X-Other", "1"});
    headers.push_back({"X-Other", "2"});
    CHECK(outcome(verifier, headers, kBody) == "ok");
    headers.push_back({name, header(headers, name)});
    CHECK(outcome(verifier, headers, kBody) == "duplicate_header");
  }
}

TEST_CASE("a header's length is bounded at 8,192 bytes and its signatures at 64") {
  const std::string good = value_of(signed_headers("stripe", {"secret"}), "Stripe-Signature");
  const auto padded_to = [&](std::size_t size) {
    return good + ",x=" + std::string(size - good.size() - 3, 'x');
  };
  CHECK(with_value("stripe", "secret", "Stripe-Signature", padded_to(8192)) == "ok");
  CHECK(with_value("stripe", "secret", "Stripe-Signature", padded_to(8193)) == "header_too_large");

  std::string many = good;
  for (int i = 0; i < 63; ++i) many += ",v1=00";
  CHECK(with_value("stripe", "secret", "Stripe-Signature", many) == "ok");
  CHECK(with_value("stripe", "secret", "Stripe-Signature", many + ",v0=00") ==
        "too_many_signatures");
}

TEST_CASE("one good signature among 64 is found wherever it stands") {
  const std::string secret = secret_for(*find_scheme("standard"));
  const std::string good = value_of(signed_headers("standard", {secret}), "webhook-signature");
  const std::string wrong = "v1," + encode_base64(std::string(32, 'x'));
  for (const int place : {0, 31, 63}) {
    std::string value;
    for (int i = 0; i < 64; ++i) value += (i == 0 ? "" : " ") + (i == place ? good : wrong);
    CHECK(with_value("standard", secret, "webhook-signature", value) == "ok");
  }
}

TEST_CASE("families are never mixed") {
  const std::string secret = secret_for(*find_scheme("svix"));
  const Verifier verifier = make_verifier("svix", {secret});
  const auto svix = signed_headers("svix", {secret});
  auto both = signed_headers("standard", {secret});
  CHECK(outcome(verifier, both, kBody) == "ok");
  both.push_back({"svix-id", "msg_1"});
  CHECK(outcome(verifier, both, kBody) == "missing_header");

  auto mostly = svix;
  header(mostly, "svix-signature") = "v1," + encode_base64(std::string(32, 'x'));
  for (const auto& each : signed_headers("standard", {secret})) mostly.push_back(each);
  CHECK(outcome(verifier, mostly, kBody) == "signature_mismatch");
  CHECK(outcome(make_verifier("standard", {secret}), svix, kBody) == "missing_header");
}

TEST_CASE("a key is tried on the entries of its own version alone") {
  SeededRandom random(11);
  const auto pair = generate_keypair(random);
  const std::string secret = generate_secret(random);
  const Verifier asymmetric = make_verifier("standard", {pair->verification_key});
  const Verifier symmetric = make_verifier("standard", {secret});
  const Verifier both = make_verifier("standard", {secret, pair->verification_key});

  const auto by_pair = signed_headers("standard", {pair->signing_key});
  const auto by_secret = signed_headers("standard", {secret});
  const auto by_both = signed_headers("standard", {secret, pair->signing_key});
  CHECK(value_of(by_pair, "webhook-signature").starts_with("v1a,"));
  CHECK(outcome(asymmetric, by_pair, kBody) == "ok");
  CHECK(outcome(asymmetric, by_both, kBody) == "ok");
  CHECK(outcome(symmetric, by_both, kBody) == "ok");
  CHECK(outcome(both, by_pair, kBody) == "ok");
  CHECK(outcome(both, by_secret, kBody) == "ok");
  CHECK(outcome(asymmetric, by_secret, kBody) == "unsupported_version");
  CHECK(outcome(symmetric, by_pair, kBody) == "unsupported_version");
  CHECK(outcome(asymmetric, by_pair, kBody + " ") == "signature_mismatch");
  CHECK(outcome(make_verifier("standard", {pair->signing_key}), by_pair, kBody) == "ok");
}

TEST_CASE("an id is 1 to 256 visible ASCII characters") {
  const std::string secret = secret_for(*find_scheme("standard"));
  CHECK(with_value("standard", secret, "webhook-id", std::string(256, 'x')) ==
        "signature_mismatch");
  for (const std::string& id : {std::string(257, 'x'), std::string("a b"), std::string("\xE9")}) {
    CHECK(with_value("standard", secret, "webhook-id", id) == "malformed_header");
  }
  CHECK(with_value("standard", secret, "webhook-id", "") == "missing_header");
}

TEST_CASE("the weaker header of GitHub is never enough") {
  const Verifier verifier = make_verifier("github", {"secret"});
  const auto weak = signed_headers("github-sha1", {"secret"});
  CHECK(outcome(verifier, weak, kBody) == "unsupported_version");
  CHECK(outcome(make_verifier("github-sha1", {"secret"}), weak, kBody) == "ok");
  auto empty = weak;
  empty.push_back({"X-Hub-Signature-256", ""});
  CHECK(outcome(verifier, empty, kBody) == "missing_header");
  CHECK(outcome(verifier, {}, kBody) == "missing_header");
}

TEST_CASE("the generic scheme takes bare hex, its prefix, Unix time and ISO 8601") {
  const auto key = parse_signing_key(*find_scheme("generic"), "secret");
  const auto headers_at = [&](const std::string& time, const std::string& prefix) {
    const std::string_view pieces[] = {time, ".", kBody};
    const std::string mac = encode_hex(std::get<HmacKey>(key->key).mac(pieces).view());
    return std::vector<OwnedHeader>{{"x-webhook-timestamp", time},
                                    {"x-webhook-signature", prefix + mac}};
  };
  const Verifier verifier = make_verifier("generic", {"secret"});
  for (const char* time : {"1700000000", "2023-11-14T22:13:20Z", "2023-11-15T00:13:20.25+02:00"}) {
    CHECK(outcome(verifier, headers_at(time, "sha256="), kBody) == "ok");
    CHECK(outcome(verifier, headers_at(time, ""), kBody) == "ok");
    CHECK(outcome(verifier, headers_at(time, "sha1="), kBody) == "unsupported_version");
    CHECK(outcome(verifier, headers_at(time, "SHA256="), kBody) == "unsupported_version");
    CHECK(outcome(verifier, headers_at(time, "x"), kBody) == "malformed_signature");
  }
  CHECK(outcome(verifier, headers_at("2023-11-14T22:13:20", ""), kBody) == "malformed_timestamp");
  CHECK(outcome(verifier, headers_at("2023-11-14T22:00:00Z", ""), kBody) == "timestamp_too_old");
}

TEST_CASE("generic-body signs the body alone, but still asks for a fresh time") {
  auto headers = signed_headers("generic-body", {"secret"});
  const Verifier verifier = make_verifier("generic-body", {"secret"});
  header(headers, "X-Webhook-Timestamp") = "1700000100";
  CHECK(outcome(verifier, headers, kBody) == "ok");
  header(headers, "X-Webhook-Timestamp") = "1600000000";
  CHECK(outcome(verifier, headers, kBody) == "timestamp_too_old");
  std::erase_if(headers, [](const OwnedHeader& h) { return h.name == "X-Webhook-Timestamp"; });
  CHECK(outcome(verifier, headers, kBody) == "missing_header");
}

TEST_CASE("random bytes in the headers are never accepted and always get a reason") {
  SeededRandom random(42);
  const std::string_view alphabet =
      "tv01s=,. \t.abf9+/AZ\xE9\x01"
      "17000000";
  int refused = 0;
  const auto schemes = body_mac_schemes();
  for (const Scheme& scheme : schemes) {
    const std::string secret = secret_for(scheme);
    const Verifier verifier = make_verifier(find_scheme(scheme.name), {secret});
    for (int i = 0; i < 2000; ++i) {
      std::vector<OwnedHeader> headers;
      for (const HeaderFamily& family : scheme.families) {
        for (const std::string& name : {family.signature, family.timestamp, family.id}) {
          if (name.empty() || random.draw() % 10 == 0) continue;
          std::string value = random.bytes(random.draw() % 100);
          const bool near_the_format = random.draw() % 2 == 0;
          for (char& c : value) {
            if (near_the_format) c = alphabet[static_cast<unsigned char>(c) % alphabet.size()];
          }
          if (random.draw() % 4 == 0) value = "1700000000";
          headers.push_back({name, value});
        }
      }
      const auto views = views_of(headers);
      const Verdict verdict =
          verifier.verify({.body = kBody, .headers = views, .url = "https://example.com/"}, kNow);
      if (!std::holds_alternative<Refusal>(verdict)) FAIL("accepted by " << scheme.name);
      ++refused;
    }
  }
  CHECK(refused == static_cast<int>(schemes.size()) * 2000);
}

TEST_CASE("a changed byte anywhere in a good signature header never passes") {
  for (const char* scheme : {"standard", "stripe", "github", "shopify", "slack", "generic"}) {
    const std::string secret = secret_for(*find_scheme(scheme));
    const Verifier verifier = make_verifier(scheme, {secret});
    auto headers = signed_headers(scheme, {secret});
    std::string& value = header(headers, find_scheme(scheme)->families[0].signature);
    for (char& byte : value) {
      const char original = byte;
      for (int flipped = 0; flipped < 256; ++flipped) {
        if (static_cast<char>(flipped) == original) continue;
        byte = static_cast<char>(flipped);
        if (outcome(verifier, headers, kBody) == "ok") FAIL(scheme << ": " << value);
      }
      byte = original;
    }
    CHECK(outcome(verifier, headers, kBody) == "ok");
  }
}

TEST_CASE("every reason has a text of its own and the status of the requirements") {
  const std::pair<const char*, int> expected[] = {
      {"missing_header", 401},      {"duplicate_header", 400},    {"header_too_large", 431},
      {"too_many_signatures", 400}, {"malformed_header", 401},    {"malformed_timestamp", 400},
      {"malformed_signature", 401}, {"unsupported_version", 401}, {"timestamp_too_old", 400},
      {"timestamp_too_new", 400},   {"signature_mismatch", 401},  {"body_too_large", 413},
      {"body_mismatch", 401},       {"malformed_body", 400},      {"untrusted_key", 401}};
  for (const auto& [text, status] : expected) {
    const auto reason = parse_reason(text);
    REQUIRE(reason);
    CHECK(to_string(*reason) == text);
    CHECK(http_status(*reason) == status);
  }
  CHECK_FALSE(parse_reason("nonsense"));
}
