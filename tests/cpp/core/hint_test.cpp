#include "webhookcore/core/hint.h"

#include "catch.h"
#include "core/signing_tools.h"
#include "webhookcore/base/encoding.h"
#include "webhookcore/core/json_layout.h"

using namespace webhookcore;
using namespace webhookcore::test;
using namespace std::chrono_literals;

namespace {

const std::string kBody = R"({"id":"evt_1","list":[1,{"a":"x, y: {z}"}],"none":{},"q":"\"\\"})";

struct Refused {
  std::string reason;
  std::string hint;
  bool says(std::string_view text) const { return hint.find(text) != std::string::npos; }
};

Refused refuse(const Verifier& verifier, const std::vector<OwnedHeader>& headers,
               std::string_view body, TimePoint now = kNow) {
  const auto views = views_of(headers);
  const SignedRequest request{.body = body, .headers = views};
  const Verdict verdict = verifier.verify(request, now);
  REQUIRE(std::holds_alternative<Refusal>(verdict));
  const Refusal& refusal = std::get<Refusal>(verdict);
  return {std::string(to_string(refusal.reason)), explain(verifier, request, refusal, now)};
}

std::vector<OwnedHeader> signed_headers(const char* scheme, std::string_view body) {
  const auto row = find_scheme(scheme);
  return sign_with(*row, {secret_for(*row)}, {.body = body, .id = "msg_1", .timestamp = kNow});
}

Refused refuse(const char* scheme, std::string_view sent, std::string_view received,
               TimePoint now = kNow) {
  return refuse(make_verifier(scheme, {secret_for(*find_scheme(scheme))}),
                signed_headers(scheme, sent), received, now);
}

}  // namespace

TEST_CASE("JSON is laid out anew without touching what stands inside its strings") {
  const std::string spaced =
      R"({"id": "evt_1", "list": [1, {"a": "x, y: {z}"}], "none": {}, "q": "\"\\"})";
  CHECK(lay_out_json(kBody, JsonLayout::spaced) == spaced);
  CHECK(lay_out_json(spaced, JsonLayout::compact) == kBody);
  CHECK(lay_out_json(R"({"a":[1,{}],"b":[]})", JsonLayout::indented_2) ==
        "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": []\n}");
  CHECK(lay_out_json("}}]],:\"", JsonLayout::indented_2).size() > 0);
}

TEST_CASE("a refused age is told in seconds and by its side") {
  for (const char* scheme : {"stripe", "standard", "generic"}) {
    const auto late = refuse(scheme, kBody, kBody, kNow + 750s);
    CHECK(late.reason == "timestamp_too_old");
    CHECK(late.says("750 s before"));
    CHECK(late.says("300 s are allowed"));
    CHECK(refuse(scheme, kBody, kBody, kNow - 900s).says("900 s after"));
  }
}

TEST_CASE("a newline too many or too few at the end is found out") {
  for (const char* scheme : {"github", "standard", "stripe"}) {
    CHECK(refuse(scheme, kBody, kBody + "\n").says("trailing newline removed"));
    CHECK(refuse(scheme, kBody, kBody + "\r\n").says("trailing newline removed"));
    CHECK(refuse(scheme, kBody + "\r\n", kBody + "\r\n\n").says("trailing newline removed"));
    CHECK(refuse(scheme, kBody + "\n", kBody).says("trailing newline added"));
    CHECK(refuse(scheme, kBody + "\r\n", kBody).says("trailing newline added"));
  }
}

TEST_CASE("a body that was parsed and written again is found out where white space is all") {
  const std::string spaced = lay_out_json(kBody, JsonLayout::spaced);
  const std::string indented = lay_out_json(kBody, JsonLayout::indented_2);
  for (const std::string& sent : {kBody, spaced, indented, indented + "\n"}) {
    for (const std::string& received : {kBody, spaced, indented}) {
      if (sent == received || sent == received + "\n") continue;
      CHECK(refuse("github", sent, received).says("looks re-serialised"));
    }
  }
}

TEST_CASE("a match is claimed only where there is one") {
  const auto changed = refuse("github", kBody, R"({"other":1})");
  CHECK(changed.reason == "signature_mismatch");
  CHECK_FALSE(changed.says("matches the"));
  CHECK(changed.says("may have been parsed and written again"));
  const auto text = refuse("github", "plain", "text");
  CHECK(text.says("No secret matches"));
  CHECK_FALSE(text.says("parsed"));
}

TEST_CASE("a body that was changed on the way and is too old as well still gets its hint") {
  CHECK(refuse("stripe", kBody, kBody + "\n", kNow + 24h).says("trailing newline removed"));
}

TEST_CASE("the header of another provider is named") {
  const Verifier verifier = make_verifier("stripe", {"secret"});
  const auto other = refuse(verifier, signed_headers("github", kBody), kBody);
  CHECK(other.reason == "missing_header");
  CHECK(other.says("X-Hub-Signature-256 (github)"));
  CHECK(refuse(verifier, {}, kBody).says("is absent"));
  CHECK(refuse(verifier, {{"stripe-signature", ""}}, kBody).says("empty"));
  CHECK(refuse(make_verifier("github", {"secret"}), signed_headers("github-sha1", kBody), kBody)
            .says("too weak"));
}

TEST_CASE("no hint shows a byte of the key or of the expected signature") {
  for (const Scheme& scheme : body_mac_schemes()) {
    if (requires_url(scheme) || scheme.families.front().numbered) continue;
    const std::string secret = secret_for(scheme);
    const std::string& name = scheme.families[0].signature;
    auto headers = sign_with(scheme, {secret}, {.body = kBody, .id = "msg_1", .timestamp = kNow});
    const std::string expected = value_of(headers, name);
    const std::string mac = expected.substr(expected.size() - 40);
    const Verifier verifier = make_verifier(find_scheme(scheme.name), {secret});
    const auto check = [&](const std::string& hint) {
      for (std::size_t i = 0; i + 6 <= mac.size(); ++i) {
        if (hint.find(mac.substr(i, 6)) != std::string::npos) FAIL(hint);
      }
      CHECK(hint.find(secret) == std::string::npos);
    };
    check(refuse(verifier, headers, kBody + "\n").hint);
    check(refuse(verifier, headers, "{}").hint);
    headers.push_back({name, expected});
    check(refuse(verifier, headers, kBody).hint);
    headers.pop_back();
    for (auto& each : headers) {
      if (each.name == name) each.value = expected.substr(0, expected.size() - 1);
    }
    check(refuse(verifier, headers, kBody).hint);
  }
}

TEST_CASE("every refusal can be explained, whatever the request holds") {
  SeededRandom random(17);
  const Verifier verifier = make_verifier("stripe", {"secret"});
  for (int i = 0; i < 2000; ++i) {
    const std::string body = random.bytes(random.draw() % 60);
    const std::string value = random.bytes(random.draw() % 60);
    const Header header{"Stripe-Signature", value};
    const SignedRequest request{.body = body, .headers = std::span(&header, 1)};
    const Refusal refusal{static_cast<Reason>(random.draw() % 15), "Stripe-Signature"};
    CHECK(explain(verifier, request, refusal, kNow).size() < 600);
  }
}
