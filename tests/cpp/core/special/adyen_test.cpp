#include "catch.h"
#include "core/special/special_tools.h"

using namespace webhookcore;
using namespace webhookcore::test;

namespace {

const std::string kKey = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056";

std::string item(const std::string& reference, const std::string& rest = "") {
  return R"({"NotificationRequestItem":{"pspReference":")" + reference +
         R"(","amount":{"value":1130,"currency":"EUR"},"success":true)" + rest + "}}";
}

std::string envelope(const std::string& items) {
  return R"({"live":"false","notificationItems":[)" + items + "]}";
}

}  // namespace

TEST_CASE("each of Adyen's items is signed by itself and all of them have to be right") {
  const Scheme scheme = scheme_named("adyen");
  const std::string body = envelope(item("1") + " , " + item("2", R"(,"additionalData":{})") + "," +
                                    item("3", R"(,"additionalData":{"a.b":"c"})"));
  const auto message = must_sign(scheme, kKey, {.body = body, .timestamp = kNow});
  CHECK(verdict_of_signed(scheme, kKey, message, {}) == "ok");

  const auto reading = read(scheme, *message.body);
  CHECK(std::get<SpecialContentRead>(reading).parts.size() == 3);
  CHECK(content_of(reading, 1) == "2::::1130:EUR::true");

  std::string other = *message.body;
  other.replace(other.find(R"("pspReference":"3")"), 18, R"("pspReference":"4")");
  CHECK(verdict(scheme, kKey, {.body = other, .headers = {}}) == "signature_mismatch");
  other = *message.body;
  other.replace(other.find(R"("pspReference":"1")"), 18, R"("pspReference":"4")");
  CHECK(verdict(scheme, kKey, {.body = other, .headers = {}}) == "signature_mismatch");
}

TEST_CASE("a body that is one Adyen item is signed without its envelope") {
  const Scheme scheme = scheme_named("adyen");
  const std::string bare = R"({"pspReference":"1","merchantReference":":a\\b"})";
  CHECK(content_of(read(scheme,
                        must_sign(scheme, kKey, {.body = bare, .timestamp = kNow}).body.value())) ==
        R"(1::::a\b::::)");
  const auto message = must_sign(scheme, kKey, {.body = bare, .timestamp = kNow});
  CHECK(verdict_of_signed(scheme, kKey, message, {}) == "ok");
}

TEST_CASE("an Adyen body that is already signed gets the new signature in its place") {
  const Scheme scheme = scheme_named("adyen");
  const std::string body = envelope(item("1", R"(,"additionalData":{"hmacSignature":"old"})"));
  const auto message = must_sign(scheme, kKey, {.body = body, .timestamp = kNow});
  CHECK(message.body->find("old") == std::string::npos);
  CHECK(verdict_of_signed(scheme, kKey, message, {}) == "ok");
}

TEST_CASE("an Adyen body without an item or without a signature is refused") {
  const Scheme scheme = scheme_named("adyen");
  const std::string good =
      R"(,"additionalData":{"hmacSignature":")" + std::string(43, 'A') + "=\"}";
  CHECK(outcome(read(scheme, envelope(item("1", good)))) == "ok");
  CHECK(outcome(read(scheme, envelope(""))) == "malformed_body");
  CHECK(outcome(read(scheme, envelope(item("1")))) == "malformed_body");
  CHECK(outcome(read(scheme, envelope(item("1", good) + "," + item("2")))) == "malformed_body");
  CHECK(outcome(read(scheme, envelope(item("1", good) + ",7"))) == "malformed_body");
  CHECK(outcome(read(scheme,
                     R"({"notificationItems":{},"additionalData":{"hmacSignature":"AA=="}})")) ==
        "malformed_body");
  CHECK(outcome(read(scheme, "not JSON")) == "malformed_body");
  CHECK(
      outcome(read(scheme, envelope(item("1", R"(,"additionalData":{"hmacSignature":"AAAA"})")))) ==
      "malformed_signature");
  CHECK(try_to_sign(scheme, kKey, {.body = envelope("7"), .timestamp = kNow}).error().field ==
        "body");
  CHECK(try_to_sign(scheme, kKey, {.body = "7", .timestamp = kNow}).error().field == "body");
}

TEST_CASE("of Adyen's items 64 are read and one more is too many") {
  const Scheme scheme = scheme_named("adyen");
  std::string items = item("0");
  for (int i = 1; i < 64; ++i) items += "," + item(std::to_string(i));
  const auto message = must_sign(scheme, kKey, {.body = envelope(items), .timestamp = kNow});
  CHECK(verdict_of_signed(scheme, kKey, message, {}) == "ok");
  const std::string more = envelope(items + "," + item("64"));
  CHECK(outcome(read(scheme, more)) == "too_many_signatures");
  CHECK(try_to_sign(scheme, kKey, {.body = more, .timestamp = kNow}).error().field == "body");
}

TEST_CASE("Adyen's items are found and signed by however their names are written") {
  const Scheme scheme = scheme_named("adyen");
  for (const auto& [plain, escaped] :
       {std::pair{"notificationItems", "notificationItem\\u0073"},
        std::pair{"NotificationRequestItem", "\\u004eotificationRequestItem"},
        std::pair{"additionalData", "additional\\u0044ata"},
        std::pair{"hmacSignature", "hmac\\u0053ignature"}}) {
    CAPTURE(plain);
    std::string body = envelope(item("1", R"(,"additionalData":{"a":"b","hmacSignature":"old"})"));
    body.replace(body.find(plain), std::string_view(plain).size(), escaped);
    const auto message = must_sign(scheme, kKey, {.body = body, .timestamp = kNow});
    CHECK(verdict_of_signed(scheme, kKey, message, {}) == "ok");
    CHECK(message.body->find("old") == std::string::npos);
    CHECK(message.body->find(R"("a":"b")") != std::string::npos);
  }
}
