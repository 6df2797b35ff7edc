#include "catch.h"
#include "core/special/special_tools.h"
#include "webhookcore/core/special/multipart_fields.h"

using namespace webhookcore;
using namespace webhookcore::test;

namespace {

const std::string kKey = "key-0p6mqbf74lb20gzq9f4dhpn9rg3zyk26";

// Of the token "abc" at 1700000000 by the key above.
std::string signature() {
  const auto message =
      must_sign(scheme_named("mailgun"), kKey, {.body = "{}", .id = "abc", .timestamp = kNow});
  const std::string& body = *message.body;
  const std::size_t start = body.find(R"("signature":")") + 13;
  return body.substr(start, 64);
}

std::string read_json(const std::string& fields) {
  return outcome(read(scheme_named("mailgun"), R"({"signature":{)" + fields + "}}"));
}

std::string multipart(const std::string& name, const std::string& value) {
  return "--XX\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n";
}

std::string outcome_of_form(const std::string& body, const std::string& type) {
  const std::vector<OwnedHeader> headers{{"Content-Type", type}};
  const auto views = views_of(headers);
  return verdict(scheme_named("mailgun"), kKey, {.body = body, .headers = views});
}

}  // namespace

TEST_CASE("a body that Mailgun's signature is put into keeps all its other bytes") {
  const Scheme scheme = scheme_named("mailgun");
  const std::string body = "{ \"event-data\" : {\"id\":\"1\"} \n}";
  const auto message = must_sign(scheme, kKey, {.body = body, .id = "token-1", .timestamp = kNow});
  CHECK(message.body->starts_with(
      "{ \"event-data\" : {\"id\":\"1\"},\"signature\":{\"timestamp\":\"1700000000\","));
  CHECK(message.body->ends_with("\"} \n}"));
  CHECK(verdict_of_signed(scheme, kKey, message, {}) == "ok");
  CHECK(verdict_of_signed(scheme, "another key", message, {}) == "signature_mismatch");

  const auto again =
      must_sign(scheme, kKey, {.body = *message.body, .id = "token-2", .timestamp = kNow});
  CHECK(again.body->size() == message.body->size());
  CHECK(verdict_of_signed(scheme, kKey, again, {}) == "ok");
  CHECK(verdict_of_signed(scheme, kKey, again, {}, {}, kNow + std::chrono::seconds(301)) ==
        "timestamp_too_old");
}

TEST_CASE("Mailgun's token is the message's id, and its body a JSON object") {
  const Scheme scheme = scheme_named("mailgun");
  CHECK(try_to_sign(scheme, kKey, {.body = "{}", .timestamp = kNow}).error().field == "id");
  CHECK(try_to_sign(scheme, kKey, {.body = "[]", .id = "a", .timestamp = kNow}).error().field ==
        "body");
}

TEST_CASE("a Mailgun body says which of its fields is at fault") {
  const std::string hex(64, 'a');
  CHECK(read_json(R"("timestamp":"1","token":"t","signature":")" + hex + "\"") == "ok");
  CHECK(read_json(R"("timestamp":1,"token":"t","signature":")" + hex + "\"") == "ok");
  CHECK(read_json(R"("token":"t","signature":")" + hex + "\"") == "malformed_body");
  CHECK(read_json(R"("timestamp":"1","signature":")" + hex + "\"") == "malformed_body");
  CHECK(read_json(R"("timestamp":"1","token":"t")") == "malformed_body");
  CHECK(read_json(R"("timestamp":"1","token":"a b","signature":")" + hex + "\"") ==
        "malformed_body");
  CHECK(read_json(R"("timestamp":"1.5","token":"t","signature":")" + hex + "\"") ==
        "malformed_timestamp");
  CHECK(read_json(R"("timestamp":"1","token":"t","signature":"abc")") == "malformed_signature");
  CHECK(outcome(read(scheme_named("mailgun"), "")) == "malformed_body");
  CHECK(outcome(read(scheme_named("mailgun"), "[1]")) == "malformed_body");
}

TEST_CASE("Mailgun's older forms carry the same three fields") {
  constexpr const char* kForm = "application/x-www-form-urlencoded";
  const std::string fields = "timestamp=1700000000&token=abc&signature=" + signature();
  CHECK(outcome_of_form("event=opened&" + fields, kForm) == "ok");
  CHECK(outcome_of_form(fields + "&token=abc", kForm) == "malformed_body");
  CHECK(outcome_of_form("token=abc", kForm) == "malformed_body");
  CHECK(outcome_of_form(fields, "application/json") == "malformed_body");

  const std::string parts = multipart("timestamp", "1700000000") + multipart("token", "abc") +
                            multipart("signature", signature());
  CHECK(outcome_of_form(parts + "--XX--\r\n", "multipart/form-data; boundary=XX") == "ok");
  CHECK(outcome_of_form(parts + "--XX--", "multipart/form-data; boundary=\"XX\"") == "ok");
  CHECK(outcome_of_form(parts, "multipart/form-data; boundary=XX") == "malformed_body");
  CHECK(outcome_of_form(parts + "--XX--", "multipart/form-data; boundary=YY") == "malformed_body");
  CHECK(outcome_of_form(parts + "--XX--", "multipart/form-data") == "malformed_body");
}

TEST_CASE("a multipart body gives its fields and not its files") {
  const std::string body =
      "--b\r\ncontent-disposition: form-data; name=\"a;b\"\r\nX: y\r\n\r\n1\r\n2\r\n"
      "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x\"\r\n\r\nbytes\r\n"
      "--b\r\nContent-Type: text/plain\r\n\r\nnameless\r\n"
      "--b\r\nContent-Disposition: form-data; name=c\r\n\r\n\r\n--b--";
  const auto fields = special::parse_multipart("multipart/form-data; boundary=b", body);
  REQUIRE(fields);
  REQUIRE(fields->size() == 2);
  CHECK((*fields)[0] == special::MultipartField{"a;b", "1\r\n2"});
  CHECK((*fields)[1] == special::MultipartField{"c", ""});
}

TEST_CASE("a multipart body cut anywhere is no form") {
  const std::string whole = multipart("token", "abc") + multipart("x", "y") + "--XX--";
  const std::string type = "multipart/form-data; boundary=XX";
  REQUIRE(special::parse_multipart(type, whole));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CHECK_FALSE(special::parse_multipart(type, std::string_view(whole).substr(0, size)));
  }
  std::string many;
  for (int i = 0; i < 1001; ++i) many += multipart("x", "y");
  CHECK_FALSE(special::parse_multipart(type, many + "--XX--"));
}
