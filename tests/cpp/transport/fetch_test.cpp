// What the library gets for itself: one request, one whole answer, the same guard.

#include "webhookcore/transport/fetch.h"

#include <atomic>
#include <chrono>
#include <string>

#include "catch.h"
#include "support/loopback_server.h"
#include "support/transport_harness.h"

using namespace webhookcore;        // NOLINT(google-build-using-namespace)
using namespace webhookcore::test;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

namespace {

HttpAttempt get(const std::string& url, Duration timeout = 5s) {
  HttpAttempt attempt;
  attempt.url = url;
  attempt.method = "GET";
  attempt.timeout = timeout;
  return attempt;
}

std::string answer_of(std::size_t size, const std::string& status = "200 OK") {
  return "HTTP/1.1 " + status +
         "\r\nCache-Control: max-age=7\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" +
         std::string(size, 'k');
}

Result<FetchedResponse> fetch_from(const std::string& answer, std::size_t max_bytes = 64 * 1024) {
  LoopbackServer server{answer_all(answer)};
  return fetch(loopback_options(), get(server.url()), max_bytes);
}

}  // namespace

TEST_CASE("a fetch is a GET without a body, and brings the whole answer") {
  LoopbackServer* noted = nullptr;
  LoopbackServer server{[&](Connection& connection) {
    if (auto request = connection.read_request()) noted->note(*request);
    connection.send(answer_of(20'000));
  }};
  noted = &server;
  const auto response = fetch(loopback_options(), get(server.url("/cert.pem")), 64 * 1024);
  REQUIRE(response.ok());
  CHECK(response->status == 200);
  CHECK(response->body == std::string(20'000, 'k'));
  CHECK(response->headers.at(0).value == "max-age=7");
  const std::string request = server.requests().at(0);
  CHECK(request.starts_with("GET /cert.pem HTTP/1.1\r\n"));
  CHECK(request.ends_with("\r\n\r\n"));
  CHECK(request.find("Content-Length") == std::string::npos);
  CHECK(request.find("Content-Type") == std::string::npos);
}

TEST_CASE("a redirect is an answer like any other, and nobody goes there") {
  LoopbackServer elsewhere{answer_all(answer_of(3))};
  const auto response = fetch_from("HTTP/1.1 302 Found\r\nLocation: " + elsewhere.url() +
                                   "\r\nContent-Length: 0\r\n\r\n");
  REQUIRE(response.ok());
  CHECK(response->status == 302);
  CHECK(elsewhere.accepts() == 0);
}

TEST_CASE("an answer above the limit is none, however it is framed") {
  CHECK(fetch_from(answer_of(1000), 1000).ok());
  CHECK(fetch_from(answer_of(1 << 20), 1 << 20).ok());
  for (const auto& response :
       {fetch_from(answer_of(1001), 1000), fetch_from(answer_of((1 << 20) + 1), 1 << 20),
        fetch_from("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n" +
                       std::string(1024, 'k') + "\r\n0\r\n\r\n",
                   1000)}) {
    REQUIRE_FALSE(response.ok());
    CHECK(response.error().code == ErrorCode::fetch_failed);
  }
}

TEST_CASE("half an answer is none") {
  LoopbackServer server{[](Connection& connection) {
    connection.read_request();
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
  }};
  const auto response = fetch(loopback_options(), get(server.url()), 1000);
  REQUIRE_FALSE(response.ok());
  CHECK(response.error().code == ErrorCode::fetch_failed);
}

TEST_CASE("a host that keeps still, before or within its answer, is given up on") {
  for (const std::string& begun : {std::string(), answer_of(100).substr(0, 90)}) {
    LoopbackServer server{[&](Connection& connection) {
      connection.read_request();
      connection.send(begun);
      connection.wait_until_closed();
    }};
    const auto started = Steady::now();
    const auto response = fetch(loopback_options(), get(server.url(), 300ms), 1000);
    REQUIRE_FALSE(response.ok());
    CHECK(response.error().code == ErrorCode::fetch_failed);
    CHECK(Steady::now() - started < 300ms + busy_slack);
  }
}

TEST_CASE("the policy holds for fetches too") {
  LoopbackServer server{answer_all(answer_of(3))};
  const auto blocked = fetch(CurlOptions{}, get(server.url("/", "https")), 1000);
  REQUIRE_FALSE(blocked.ok());
  CHECK(blocked.error().code == ErrorCode::blocked_address);
  const auto plain = fetch(CurlOptions{}, get("http://example.com/"), 1000);
  REQUIRE_FALSE(plain.ok());
  CHECK(plain.error().code == ErrorCode::invalid_url);
  auto resolver = std::make_shared<TableResolver>();
  resolver->set("keys.example.com", {{"169.254.169.254"}});
  const auto hidden =
      fetch(loopback_options(), get("http://keys.example.com/"), 1000, std::move(resolver));
  REQUIRE_FALSE(hidden.ok());
  CHECK(hidden.error().code == ErrorCode::blocked_address);
  CHECK(server.accepts() == 0);
}
