#include "webhookcore/engine/attempt_request.h"

#include <algorithm>
#include <utility>

#include "catch.h"
#include "engine/engine_tools.h"
#include "webhookcore/core/scheme_text.h"
#include "webhookcore/core/verifier.h"

using namespace webhookcore;
using namespace webhookcore::testing;

namespace {

Message sent_message() { return make_delivery(1, nullptr).claimed.message; }

HttpAttempt request_of(const Endpoint& row, TimePoint now = kStart) {
  auto request = make_attempt_request(*prepare_endpoint(row, now), sent_message(), now);
  REQUIRE(std::holds_alternative<HttpAttempt>(request));
  return std::get<HttpAttempt>(std::move(request));
}

Unsendable refusal_of(const Endpoint& row, const Message& message) {
  auto request = make_attempt_request(*prepare_endpoint(row, kStart), message, kStart);
  REQUIRE(std::holds_alternative<Unsendable>(request));
  return std::get<Unsendable>(std::move(request));
}

bool verifies(const HttpAttempt& attempt, const char* scheme, std::string_view secret,
              TimePoint now) {
  const std::vector<std::string_view> secrets = {secret};
  auto verifier = Verifier::create(find_scheme(scheme), secrets, std::nullopt);
  REQUIRE(verifier.ok());
  std::vector<Header> headers;
  for (const OwnedHeader& header : attempt.headers) headers.push_back({header.name, header.value});
  const SignedRequest request{.body = *attempt.body, .headers = headers, .url = attempt.url};
  return std::holds_alternative<Accepted>(verifier->verify(request, now));
}

}  // namespace

TEST_CASE("what is sent verifies with the endpoint's secret, over the exact body") {
  const HttpAttempt attempt = request_of(make_endpoint());
  CHECK(attempt.method == "POST");
  CHECK(attempt.url == "https://example.com/hook");
  CHECK(*attempt.body == R"({"id":7})");
  CHECK(header_of(attempt, "content-type") == "application/json");
  CHECK(verifies(attempt, "standard", kSecret, kStart));
  CHECK_FALSE(verifies(attempt, "standard", kOlderSecret, kStart));
  CHECK(attempt.timeout == 10s);
  CHECK(attempt.connect_timeout == 5s);
}

TEST_CASE("during a rotation both secrets verify, afterwards the newer alone") {
  Endpoint row = make_endpoint();
  row.secrets.push_back(
      {.text = Secret(kOlderSecret), .created_at = kStart, .expires_at = kStart + 24h});
  const HttpAttempt during = request_of(row, kStart + 24h - 1ms);
  CHECK(verifies(during, "standard", kSecret, kStart + 24h));
  CHECK(verifies(during, "standard", kOlderSecret, kStart + 24h));
  const HttpAttempt after = request_of(row, kStart + 24h);
  CHECK(verifies(after, "standard", kSecret, kStart + 24h));
  CHECK_FALSE(verifies(after, "standard", kOlderSecret, kStart + 24h));
}

TEST_CASE("a prepared endpoint says when its next secret expires") {
  Endpoint row = make_endpoint();
  CHECK_FALSE(prepare_endpoint(row, kStart)->good_until);
  row.secrets.push_back({.text = Secret(kOlderSecret), .expires_at = kStart + 24h});
  CHECK(prepare_endpoint(row, kStart)->good_until == kStart + 24h);
  CHECK_FALSE(prepare_endpoint(row, kStart + 24h)->good_until);
}

TEST_CASE("an endpoint with several schemes is signed with each of them") {
  Endpoint row = make_endpoint();
  row.schemes = {"standard", "github", "stripe"};
  const HttpAttempt attempt = request_of(row);
  CHECK(verifies(attempt, "standard", kSecret, kStart));
  CHECK(verifies(attempt, "github", kSecret, kStart));
  CHECK(verifies(attempt, "stripe", kSecret, kStart));
}

TEST_CASE("an unknown scheme, or one without a key, sends nothing at all") {
  for (const std::vector<std::string>& schemes :
       std::vector<std::vector<std::string>>{{}, {"nonsense"}, {"standard", "nonsense"}}) {
    Endpoint row = make_endpoint();
    row.schemes = schemes;
    CHECK(refusal_of(row, sent_message()).error == TransportError::not_signed);
  }
  Endpoint row = make_endpoint();
  row.secrets.clear();
  CHECK(refusal_of(row, sent_message()).error == TransportError::not_signed);
}

TEST_CASE("a message that a scheme of its endpoint cannot sign will never be a request") {
  Endpoint row = make_endpoint();
  row.schemes = {"standard", "twilio"};
  const Unsendable no_form = refusal_of(row, sent_message());
  CHECK(no_form.error == TransportError::invalid_request);
  CHECK(no_form.why.find("bodySHA256") != std::string::npos);

  Message without_id = sent_message();
  without_id.id = "two words";
  CHECK(refusal_of(make_endpoint(), without_id).error == TransportError::invalid_request);
}

TEST_CASE("two schemes of one list both sign in it, and none is dropped without a word") {
  Scheme other = *find_scheme("standard");
  std::swap(other.signed_content.front(), other.signed_content.back());
  Endpoint row = make_endpoint();
  row.schemes = {"standard", to_scheme_text(other)};
  const HttpAttempt attempt = request_of(row);
  CHECK(verifies(attempt, "standard", kSecret, kStart));
  const std::string signatures = header_of(attempt, "webhook-signature");
  CHECK(std::count(signatures.begin(), signatures.end(), ' ') == 1);
  row.schemes = {"github", "intercom", "bitbucket"};
  const Unsendable refused = refusal_of(row, sent_message());
  CHECK(refused.error == TransportError::not_signed);
  CHECK(refused.why.find("X-Hub-Signature") != std::string::npos);
}

TEST_CASE("a scheme signs the endpoint's own headers and the content type") {
  Scheme scheme = *find_scheme("github");
  scheme.signed_content = {{Segment::Kind::header, "X-Tenant"},
                           {Segment::Kind::header, "content-type"},
                           {Segment::Kind::body}};
  Endpoint row = make_endpoint();
  row.schemes = {to_scheme_text(scheme)};
  row.headers = {{"x-tenant", "t1"}, {"X-Empty", ""}};
  CHECK_FALSE(header_of(request_of(row), "x-hub-signature-256").empty());
  row.schemes = {"hook0"};
  CHECK_FALSE(header_of(request_of(row), "x-hook0-signature").empty());
}

TEST_CASE("a scheme that signs in the body ends the delivery: no later attempt would differ") {
  for (const char* scheme : {"mailgun", "adyen"}) {
    Endpoint row = make_endpoint();
    row.schemes = {scheme};
    if (row.schemes.front() == "adyen") row.secrets.front().text = Secret(std::string(64, 'a'));
    const Unsendable refused = refusal_of(row, sent_message());
    CHECK(refused.error == TransportError::invalid_request);
    CHECK(refused.why.find("into the body") != std::string::npos);
  }
}

TEST_CASE("a moment that cannot be written is the clock's fault, not the message's") {
  const TimePoint far{std::chrono::hours{24 * 366 * 200'000LL}};
  const auto request =
      make_attempt_request(*prepare_endpoint(make_endpoint(), kStart), sent_message(), far);
  REQUIRE(std::holds_alternative<Unsendable>(request));
  CHECK(std::get<Unsendable>(request).error == TransportError::not_signed);
}

TEST_CASE("an endpoint's own headers are sent, but never in place of ours") {
  Endpoint row = make_endpoint();
  row.headers = {{"Authorization", "Bearer x"},    {"User-Agent", "mine"},
                 {"Host", "evil.example"},         {"content-length", "0"},
                 {"Transfer-Encoding", "chunked"}, {"Connection", "close"},
                 {"Content-Type", "text/plain"},   {"Webhook-Id", "other"},
                 {"webhook-signature", "v1,x"},    {"WEBHOOK-anything", "x"},
                 {"X-Slack-Signature", "mine"},    {"stripe-signature", "x"},
                 {"X-Hub-Signature", "x"}};
  row.schemes = {"standard", "stripe", "github"};
  const HttpAttempt attempt = request_of(row);
  CHECK(header_of(attempt, "authorization") == "Bearer x");
  CHECK(header_of(attempt, "user-agent") == "mine");
  CHECK(header_of(attempt, "content-type") == "application/json");
  CHECK(header_of(attempt, "webhook-id") == "msg_1");
  for (const char* name : {"host", "content-length", "transfer-encoding", "connection",
                           "webhook-anything", "x-hub-signature"}) {
    INFO(name);
    CHECK(header_of(attempt, name).empty());
  }
  CHECK(verifies(attempt, "standard", kSecret, kStart));
  CHECK(verifies(attempt, "stripe", kSecret, kStart));
  CHECK(verifies(attempt, "github", kSecret, kStart));
  // Of a scheme that this endpoint does not have.
  CHECK(header_of(attempt, "x-slack-signature") == "mine");
}

TEST_CASE("a header that could smuggle another one in is not sent") {
  Endpoint row = make_endpoint();
  row.headers = {{"X-A", "1\r\nX-Injected: 1"},
                 {"X-B\r\nX-Injected", "1"},
                 {"", "1"},
                 {"X-C", "1\n"},
                 {"X-D", std::string("1\0", 2)},
                 {"X E", "1"},
                 {"X-Ok", "1"}};
  const HttpAttempt attempt = request_of(row);
  CHECK(header_of(attempt, "x-ok") == "1");
  CHECK(attempt.headers.size() == 5);  // Content-Type, three of the scheme, X-Ok.
}

TEST_CASE("a message whose content type could smuggle a header in is not sent") {
  Message message = sent_message();
  message.content_type = "application/json\r\nX-Injected: 1";
  CHECK(refusal_of(make_endpoint(), message).error == TransportError::invalid_request);
}

TEST_CASE("a short timeout bounds the connect as well") {
  Endpoint row = make_endpoint();
  row.timeout = 1s;
  const HttpAttempt attempt = request_of(row);
  CHECK(attempt.timeout == 1s);
  CHECK(attempt.connect_timeout == 1s);
}
