#include "catch.h"
#include "core/signing_tools.h"
#include "webhookcore/base/encoding.h"
#include "webhookcore/core/twilio_content.h"

using namespace webhookcore;
using namespace webhookcore::test;

namespace {

constexpr const char* kForm = "application/x-www-form-urlencoded";

std::string content_of(std::string_view url, std::string_view body, std::string_view type = kForm,
                       std::size_t variant = 0) {
  const auto content = TwilioContent::of({url, body, type});
  if (!content) return "unsigned";
  std::string joined;
  for (const auto piece : content->pieces(variant)) joined += piece;
  return joined;
}

std::string verdict_of(std::string_view signed_url, std::string_view url, std::string_view body,
                       std::string_view received, const char* type) {
  auto headers =
      sign_with(*find_scheme("twilio"), {"token"},
                {.body = body, .timestamp = kNow, .url = signed_url, .content_type = type});
  headers.push_back({"content-type", type});
  const auto views = views_of(headers);
  return outcome(make_verifier("twilio", {"token"})
                     .verify({.body = received, .headers = views, .url = url}, kNow));
}

std::string url_with_hash_of(std::string_view body) {
  return "https://example.com/a?x=1&bodySHA256=" +
         encode_hex(digest(Hash::sha256, std::span(&body, 1)).view());
}

}  // namespace

TEST_CASE("form fields are signed by name, then value, decoded and each once") {
  CHECK(content_of("u", "b=2&a=1") == "ua1b2");
  CHECK(content_of("u", "a=2&a=1&a=2") == "ua1a2");
  CHECK(content_of("u", "Reason=test&ReasonEnded=a") == "uReasontestReasonEndeda");
  CHECK(content_of("u", "To=%2B1+2&x=%zz%4") == "uTo+1 2x%zz%4");
  CHECK(content_of("u", "a&=b&&c=d=e") == "ubacd=e");
  CHECK(content_of("u", "") == "u");
  CHECK(content_of("u", "a=b", "Application/X-WWW-Form-Urlencoded ; charset=UTF-8") == "uab");
}

TEST_CASE("the URL is signed as given, without its port and with the default one") {
  const auto variants = [](std::string_view url) {
    return std::vector<std::string>{content_of(url, "", "", 0), content_of(url, "", "", 1),
                                    content_of(url, "", "", 2)};
  };
  using All = std::vector<std::string>;
  CHECK(variants("https://h.com/p?q=1:2") ==
        All{"https://h.com/p?q=1:2", "https://h.com/p?q=1:2", "https://h.com:443/p?q=1:2"});
  CHECK(variants("http://h.com:8080/p") ==
        All{"http://h.com:8080/p", "http://h.com/p", "http://h.com:80/p"});
  CHECK(variants("https://u:p@h.com") ==
        All{"https://u:p@h.com", "https://u:p@h.com", "https://u:p@h.com:443"});
  CHECK(variants("https://u:p@h.com:1?a#b") ==
        All{"https://u:p@h.com:1?a#b", "https://u:p@h.com?a#b", "https://u:p@h.com:443?a#b"});
  CHECK(variants("https://[::1]/p") ==
        All{"https://[::1]/p", "https://[::1]/p", "https://[::1]:443/p"});
  CHECK(variants("https://[::1]:9/p") ==
        All{"https://[::1]:9/p", "https://[::1]/p", "https://[::1]:443/p"});
  CHECK(variants("no url: at all") == All{"no url: at all", "no url: at all", "no url: at all"});
}

TEST_CASE("a signature over another port of the same URL is accepted") {
  CHECK(verdict_of("https://h.com:443/p", "https://h.com/p", "a=b", "a=b", kForm) == "ok");
  CHECK(verdict_of("https://h.com/p", "https://h.com:8443/p", "a=b", "a=b", kForm) == "ok");
  CHECK(verdict_of("https://h.com/p", "https://h.com/q", "a=b", "a=b", kForm) ==
        "signature_mismatch");
  CHECK(verdict_of("https://h.com/p", "", "a=b", "a=b", kForm) == "signature_mismatch");
}

TEST_CASE("a body that is no form is covered by its hash in the URL or by nothing") {
  const std::string body = R"({"a":1})";
  const std::string url = url_with_hash_of(body);
  CHECK(verdict_of(url, url, body, body, "application/json") == "ok");
  CHECK(verdict_of(url, url, body, "{}", "application/json") == "body_mismatch");
  CHECK(verdict_of(url, url + "&y=2", body, body, "application/json") == "signature_mismatch");
  CHECK(verdict_of("https://h.com", "https://h.com", "", body, "application/json") ==
        "signature_mismatch");
  CHECK(content_of("https://h.com", body, "application/json") == "unsigned");
  CHECK(content_of("https://h.com", body, "") == "unsigned");
}

TEST_CASE("a content type that comes twice is refused, because it decides what is signed") {
  auto headers = sign_with(*find_scheme("twilio"), {"token"},
                           {.body = "", .timestamp = kNow, .url = "https://h.com"});
  headers.push_back({"Content-Type", kForm});
  headers.push_back({"Content-Type", "application/json"});
  const auto views = views_of(headers);
  CHECK(outcome(make_verifier("twilio", {"token"})
                    .verify({.body = "", .headers = views, .url = "https://h.com"}, kNow)) ==
        "duplicate_header");
}
