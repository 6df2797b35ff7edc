#include "catch.h"
#include "core/special/special_tools.h"

using namespace webhookcore;
using namespace webhookcore::test;

namespace {

constexpr const char* kName = "X-Hook0-Signature";
const std::string kHex(64, 'a');

std::string read_value(const std::string& value, std::vector<OwnedHeader> headers = {},
                       const char* scheme = "hook0") {
  headers.push_back({kName, value});
  return outcome(read(scheme_named(scheme), "{}", headers));
}

}  // namespace

TEST_CASE("a Hook0 signature covers the headers that it lists, in their order") {
  const std::vector<OwnedHeader> headers{
      {"B", "2"}, {"a", "1 "}, {kName, "t=1700000000,h=a b,v1=" + kHex}};
  CHECK(content_of(read(scheme_named("hook0"), "{}", headers)) == "1700000000.a b.1 .2.{}");
  const std::vector<OwnedHeader> old{{kName, "t=1700000000,v0=" + kHex}};
  CHECK(content_of(read(scheme_named("hook0"), "{}", old)) == "1700000000.{}");
}

TEST_CASE("what Hook0 signs is verified again, and no signed header may change") {
  for (const char* name : {"hook0", "coinbase-cdp"}) {
    const Scheme scheme = scheme_named(name);
    const Header sent[] = {{"Content-Type", "application/json"}};
    auto message = must_sign(
        scheme, "secret",
        {.body = "{}", .id = "evt-1", .type = "user.created", .timestamp = kNow, .headers = sent});
    CHECK(value_of(message.headers, kName)
              .starts_with("t=1700000000,h=Content-Type X-Event-Id X-Event-Type,v1="));
    message.headers.push_back({"content-type", "application/json"});
    CHECK(verdict_of_signed(scheme, "secret", message, "{}") == "ok");
    CHECK(verdict_of_signed(scheme, "secret", message, "{} ") == "signature_mismatch");
    CHECK(verdict_of_signed(scheme, "secret", message, "{}", {},
                            kNow - std::chrono::seconds(301)) == "timestamp_too_new");
    message.headers.back().value = "text/plain";
    CHECK(verdict_of_signed(scheme, "secret", message, "{}") == "signature_mismatch");
    message.headers.pop_back();
    CHECK(verdict_of_signed(scheme, "secret", message, "{}") == "missing_header");
  }
}

TEST_CASE("a Hook0 signature needs a header to cover") {
  const Scheme scheme = scheme_named("hook0");
  CHECK(try_to_sign(scheme, "secret", {.body = "{}", .timestamp = kNow}).error().field == "id");
  const Header twice[] = {{"a", "1"}, {"A", "2"}};
  CHECK(try_to_sign(scheme, "secret", {.body = "{}", .timestamp = kNow, .headers = twice})
            .error()
            .field == "headers");
}

TEST_CASE("a listed header that is missing or there twice is refused") {
  const std::string value = "t=1,h=a b,v1=" + kHex;
  CHECK(read_value(value, {{"a", "1"}, {"b", "2"}}) == "ok");
  CHECK(read_value(value, {{"a", "1"}}) == "missing_header");
  CHECK(read_value(value, {{"a", "1"}, {"b", ""}}) == "missing_header");
  CHECK(read_value(value, {{"a", "1"}, {"b", "2"}, {"B", "2"}}) == "duplicate_header");
  CHECK(read_value("t=1,h=a  b,v1=" + kHex, {{"a", "1"}, {"b", "2"}}) == "malformed_header");
  CHECK(read_value("t=1,h=,v1=" + kHex) == "malformed_header");
  CHECK(read_value("t=1,v1=" + kHex) == "malformed_header");
}

TEST_CASE("a Hook0 header that is not laid out as one is refused") {
  CHECK(read_value("t=1,v0=" + kHex + ",v9=x") == "ok");
  CHECK(read_value("t=1") == "unsupported_version");
  CHECK(read_value("v0=" + kHex) == "malformed_header");
  CHECK(read_value("t=1,t=1,v0=" + kHex) == "malformed_header");
  CHECK(read_value("t=1,v0=" + kHex + ",v0=" + kHex) == "malformed_header");
  CHECK(read_value("t=1,,v0=" + kHex) == "malformed_header");
  CHECK(read_value("t=1.0,v0=" + kHex) == "malformed_timestamp");
  CHECK(read_value("t=1,v0=" + kHex.substr(2)) == "malformed_signature");
  CHECK(read_value("t=1,v0=" + std::string(64, 'A')) == "malformed_signature");
  CHECK(read_value("") == "missing_header");
  std::string names = "a";
  for (int i = 0; i < 64; ++i) names += " a";
  CHECK(read_value("t=1,h=" + names + ",v1=" + kHex, {{"a", "1"}}) == "malformed_header");
}

TEST_CASE("Coinbase signs headers, so a signature of the body alone is a downgrade") {
  CHECK(read_value("t=1,v0=" + kHex, {}, "coinbase-cdp") == "unsupported_version");
  CHECK(read_value("t=1,h=a,v1=" + kHex, {{"a", "1"}}, "coinbase-cdp") == "ok");
}
