#include "catch.h"
#include "core/special/special_tools.h"

using namespace webhookcore;
using namespace webhookcore::test;

namespace {

constexpr const char* kForm = "application/x-www-form-urlencoded";

// Signed for one URL, received under another.
std::string verdict_at(const char* name, const char* signed_url, const char* url) {
  const Scheme scheme = scheme_named(name);
  auto message =
      must_sign(scheme, "token",
                {.body = "b=2&a=1", .timestamp = kNow, .url = signed_url, .content_type = kForm});
  message.headers.push_back({"Content-Type", kForm});
  return verdict_of_signed(scheme, "token", message, "b=2&a=1", url);
}

}  // namespace

TEST_CASE("Mandrill signs the URL as it was given, Twilio also without its port") {
  for (const char* name : {"twilio", "mandrill"}) {
    CHECK(verdict_at(name, "https://a.com/x", "https://a.com/x") == "ok");
    CHECK(verdict_at(name, "https://a.com/x", "https://a.com/y") == "signature_mismatch");
    CHECK(verdict_at(name, "https://a.com/x", "") == "signature_mismatch");
  }
  CHECK(verdict_at("twilio", "https://a.com/x", "https://a.com:8443/x") == "ok");
  CHECK(verdict_at("mandrill", "https://a.com/x", "https://a.com:8443/x") == "signature_mismatch");
}

TEST_CASE("a hash in the URL stands for no body of Mandrill's") {
  CHECK(verdict_at("mandrill", "https://a.com/?bodySHA256=00", "https://a.com/?bodySHA256=00") ==
        "ok");
  const auto reading = read(
      scheme_named("mandrill"), "{}",
      {{"X-Mandrill-Signature", "AAAAAAAAAAAAAAAAAAAAAAAAAAA="}, {"Content-Type", "text/plain"}},
      "https://a.com/?bodySHA256=44136fa3");
  CHECK(outcome(reading) == "signature_mismatch");
}
