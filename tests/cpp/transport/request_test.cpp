// What goes out and what comes back, byte for byte, over real connections.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "catch.h"
#include "support/loopback_server.h"
#include "support/transport_harness.h"

using namespace webhookcore;        // NOLINT(google-build-using-namespace)
using namespace webhookcore::test;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

namespace {

// Notes each request and answers it.
class Recorder {
 public:
  explicit Recorder(std::string response = ok_response)
      : server([this, response = std::move(response)](Connection& connection) {
          while (auto request = connection.read_request()) {
            server.note(*request);
            if (!connection.send(response)) return;
          }
        }) {}
  std::string last() { return server.requests().back(); }

  LoopbackServer server;
};

std::string value_of(const TransferResult& result, const std::string& name) {
  for (const auto& header : result.response_headers) {
    if (header.name == name) return header.value;
  }
  return "(absent)";
}

}  // namespace

TEST_CASE("body and headers arrive exactly as they were given") {
  std::string body;
  for (int byte = 0; byte < 256; ++byte) body.push_back(static_cast<char>(byte));
  Recorder recorder;
  auto transport = make_transport();
  auto attempt = attempt_to(recorder.server.url("/a/../b//c?x=%00&y=1"), body);
  attempt.headers = {{"Content-Type", "application/json"},
                     {"webhook-id", "msg_1"},
                     {"X-Latin", "caf\xe9"},
                     {"X-Empty", ""},
                     {"X-Colon", ": ;"}};
  CHECK(run(*transport, std::move(attempt)).status == 200);
  CHECK(recorder.last() ==
        "POST /a/../b//c?x=%00&y=1 HTTP/1.1\r\n"
        "Host: 127.0.0.1:" +
            std::to_string(recorder.server.port()) +
            "\r\n"
            "User-Agent: webhookcore\r\n"
            "Accept: */*\r\n"
            "Content-Type: application/json\r\n"
            "webhook-id: msg_1\r\n"
            "X-Latin: caf\xe9\r\n"
            "X-Empty:\r\n"
            "X-Colon: : ;\r\n"
            "Content-Length: 256\r\n\r\n" +
            body);
}

TEST_CASE("a large body goes out whole and asks for no permission first") {
  const std::string body(3'000'000, 'b');
  Recorder recorder;
  auto transport = make_transport();
  CHECK(run(*transport, attempt_to(recorder.server.url(), body)).status == 200);
  const std::string request = recorder.last();
  CHECK(request.ends_with("\r\n\r\n" + body));
  CHECK(request.find("Expect") == std::string::npos);
}

TEST_CASE("no body, no content type: none is made up") {
  Recorder recorder;
  auto transport = make_transport();
  HttpAttempt attempt;
  attempt.url = recorder.server.url();
  CHECK(run(*transport, std::move(attempt)).status == 200);
  CHECK(recorder.last().find("Content-Type") == std::string::npos);
  CHECK(recorder.last().find("Content-Length: 0\r\n") != std::string::npos);
}

TEST_CASE("other methods than POST are sent, one after the other on one handle") {
  Recorder recorder{"HTTP/1.1 204 No Content\r\n\r\n"};
  auto transport = make_transport();
  for (const std::string method : {"PUT", "HEAD", "GET", "DELETE", "PATCH", "POST"}) {
    HttpAttempt attempt;
    attempt.url = recorder.server.url();
    attempt.method = method;
    if (method.starts_with('P')) attempt.body = std::make_shared<const std::string>("{}");
    CHECK(run(*transport, std::move(attempt)).status == 204);
    CHECK(recorder.last().starts_with(method + " /hook HTTP/1.1\r\n"));
    CHECK(recorder.last().ends_with(method.starts_with('P') ? "\r\n\r\n{}" : "\r\n\r\n"));
  }
  CHECK(recorder.server.accepts() == 1);
}

TEST_CASE("a request that would break its framing is refused before a connection") {
  Recorder recorder;
  auto transport = make_transport();
  const std::vector<OwnedHeader> bad{{"X-A", "b\r\nX-Injected: 1"},
                                     {"X-A", std::string{"\0", 1}},
                                     {"X A", "b"},
                                     {"", "b"},
                                     {"X-A:", "b"},
                                     {"Content-Length", "0"},
                                     {"transfer-encoding", "chunked"},
                                     {"HOST", "internal"}};
  for (const OwnedHeader& header : bad) {
    INFO(header.name);
    auto attempt = attempt_to(recorder.server.url());
    attempt.headers.push_back(header);
    const auto result = run(*transport, std::move(attempt));
    CHECK(result.error == TransportError::invalid_request);
    CHECK(result.dialled_address.empty());
  }
  for (const std::string method : {"", "GET /x HTTP/1.1\r\n", "CONNECT"}) {
    auto attempt = attempt_to(recorder.server.url());
    attempt.method = method;
    CHECK(run(*transport, std::move(attempt)).error == TransportError::invalid_request);
  }
  CHECK(recorder.server.accepts() == 0);
}

TEST_CASE("response headers and body come back as the bytes they were") {
  Recorder recorder{
      "HTTP/1.1 201 Created\r\nX-Latin: caf\xe9  \r\nx-two:a\r\nX-Two: b\r\n"
      "Content-Length: 3\r\n\r\n\x01\xff\n"};
  auto transport = make_transport();
  const auto result = run(*transport, attempt_to(recorder.server.url()));
  CHECK(result.status == 201);
  CHECK(value_of(result, "X-Latin") == "caf\xe9");
  CHECK(value_of(result, "x-two") == "a");
  CHECK(value_of(result, "X-Two") == "b");
  CHECK(result.response_body == "\x01\xff\n");
}

TEST_CASE("4 KiB of response headers are kept, and Retry-After behind them") {
  std::string response = "HTTP/1.1 429 Slow Down\r\n";
  for (int i = 0; i < 50; ++i) response += "X-Filler: " + std::string(200, 'f') + "\r\n";
  for (int i = 0; i < 100; ++i) response += "X-F: 12\r\n";  // Up to the last byte.
  response += "Retry-After: 120\r\nRetry-After: 999\r\nContent-Length: 0\r\n\r\n";
  Recorder recorder{response};
  auto transport = make_transport();
  const auto result = run(*transport, attempt_to(recorder.server.url()));
  CHECK(result.status == 429);
  CHECK(value_of(result, "Retry-After") == "120");
  std::size_t kept = 0;
  for (const auto& header : result.response_headers) {
    kept += header.name.size() + header.value.size();
  }
  CHECK(kept <= 4096 + 32);
  CHECK(kept > 4090);
}

TEST_CASE("times and the dialled address are told") {
  Recorder recorder;
  auto transport = make_transport();
  const auto result = run(*transport, attempt_to(recorder.server.url()));
  CHECK(result.dialled_address == "127.0.0.1:" + std::to_string(recorder.server.port()));
  CHECK_FALSE(result.phases.dns.has_value());  // The host is an address.
  CHECK_FALSE(result.phases.tls.has_value());
  REQUIRE(result.phases.connect.has_value());
  REQUIRE(result.phases.first_byte.has_value());
  CHECK(*result.phases.connect <= *result.phases.first_byte);
  CHECK(*result.phases.first_byte <= result.duration + 1ms);
}

TEST_CASE("a connection is used again") {
  Recorder recorder;
  auto transport = make_transport();
  CHECK(run(*transport, attempt_to(recorder.server.url())).status == 200);
  CHECK(run(*transport, attempt_to(recorder.server.url())).status == 200);
  CHECK(recorder.server.requests().size() == 2);
  CHECK(recorder.server.accepts() == 1);
}

TEST_CASE("many transfers run at once, within the limit of connections per host") {
  Recorder recorder;
  auto options = loopback_options();
  options.max_connections_per_host = 4;
  auto transport = make_transport(options);
  for (TransferId id = 1; id <= 200; ++id) {
    transport->start(id, attempt_to(recorder.server.url(), std::to_string(id)));
  }
  std::vector<bool> seen(201);
  for (const auto& result : await(*transport, 200)) {
    CHECK(result.status == 200);
    seen.at(result.id) = true;
  }
  CHECK(std::count(seen.begin(), seen.end(), true) == 200);
  CHECK(recorder.server.accepts() <= 4);
}

TEST_CASE("a transfer that waits for a free connection ends at its deadline too") {
  LoopbackServer silent{[](Connection& connection) { connection.wait_until_closed(); }};
  auto options = loopback_options();
  options.max_connections_per_host = 1;
  auto transport = make_transport(options);
  auto first = attempt_to(silent.url());
  first.timeout = 60s;
  transport->start(1, std::move(first));
  auto second = attempt_to(silent.url());
  second.timeout = 300ms;
  transport->start(2, std::move(second));
  const auto result = await(*transport, 1).front();
  CHECK(result.id == 2);
  CHECK(result.error == TransportError::timeout);
  CHECK(result.duration < 300ms + busy_slack);
}

TEST_CASE("a refused connection is a connect error") {
  std::uint16_t port = 0;
  {
    port = LoopbackServer{[](Connection&) {}}.port();
  }
  auto transport = make_transport();
  const auto result = run(*transport, attempt_to("http://127.0.0.1:" + std::to_string(port) + "/"));
  CHECK(result.error == TransportError::connect);
  CHECK(result.dialled_address == "127.0.0.1:" + std::to_string(port));
}

TEST_CASE("wake() from another thread ends a poll, also one that starts later") {
  auto transport = make_transport();
  transport->wake();
  const auto before = Steady::now();
  CHECK(transport->poll(10s).empty());
  std::thread other{[&] { transport->wake(); }};
  CHECK(transport->poll(10s).empty());
  CHECK(Steady::now() - before < 5s);
  other.join();
}

TEST_CASE("a poll without transfers lasts as long as it was told") {
  auto transport = make_transport();
  const auto before = Steady::now();
  CHECK(transport->poll(60ms).empty());
  CHECK(Steady::now() - before >= 60ms - timer_grain);
}

TEST_CASE("cancel_all() gives every transfer back, with the status where one had come") {
  std::atomic<bool> head_sent = false;
  LoopbackServer slow{[&](Connection& connection) {
    if (!connection.read_request()) return;
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    head_sent = true;
    connection.wait_until_closed();
  }};
  LoopbackServer silent{[](Connection& connection) { connection.wait_until_closed(); }};
  auto resolver = std::make_shared<TableResolver>();
  auto transport = make_transport(loopback_options(), resolver);
  transport->start(1, attempt_to(slow.url()));
  transport->start(2, attempt_to(silent.url()));
  transport->start(3, attempt_to("http://unanswered.example/"));
  while (!head_sent) CHECK(transport->poll(10ms).empty());
  CHECK(transport->poll(50ms).empty());

  const auto results = transport->cancel_all();
  REQUIRE(results.size() == 3);
  for (const auto& result : results) {
    INFO(result.id);
    CHECK(result.status.has_value() == (result.id == 1));
    CHECK(result.error == (result.id == 1 ? TransportError::none : TransportError::cancelled));
  }
  CHECK(transport->cancel_all().empty());
}

TEST_CASE("an ambient proxy changes nothing") {
  LoopbackServer proxy{answer_all(ok_response)};
  Recorder recorder;
  const std::string address = "http://127.0.0.1:" + std::to_string(proxy.port());
  // NOLINTBEGIN(concurrency-mt-unsafe): no other thread of this program reads these.
  for (const char* name : {"http_proxy", "https_proxy", "all_proxy", "ALL_PROXY"}) {
    setenv(name, address.c_str(), 1);
  }
  auto transport = make_transport();
  CHECK(run(*transport, attempt_to(recorder.server.url())).status == 200);
  for (const char* name : {"http_proxy", "https_proxy", "all_proxy", "ALL_PROXY"}) {
    unsetenv(name);
  }
  // NOLINTEND(concurrency-mt-unsafe)
  CHECK(proxy.accepts() == 0);
  CHECK(recorder.server.accepts() == 1);
}

TEST_CASE("a netrc in the home folder changes nothing") {
  Recorder recorder;
  std::string home = (std::filesystem::temp_directory_path() / "webhookcore-XXXXXX").string();
  REQUIRE(mkdtemp(home.data()) != nullptr);
  std::ofstream{home + "/.netrc"} << "machine 127.0.0.1 login somebody password hunter2\n";
  // NOLINTBEGIN(concurrency-mt-unsafe): no other thread of this program reads it.
  const char* const before = getenv("HOME");
  const std::string kept = before == nullptr ? "" : before;
  setenv("HOME", home.c_str(), 1);
  auto transport = make_transport();
  CHECK(run(*transport, attempt_to(recorder.server.url())).status == 200);
  setenv("HOME", kept.c_str(), 1);
  // NOLINTEND(concurrency-mt-unsafe)
  std::filesystem::remove_all(home);
  CHECK(recorder.last().find("Authorization") == std::string::npos);
}

TEST_CASE("a configured proxy is used whatever NO_PROXY says, and names are left to it") {
  LoopbackServer target{answer_all(ok_response)};
  Recorder proxy;
  setenv("no_proxy", "*", 1);  // NOLINT(concurrency-mt-unsafe)
  auto options = loopback_options();
  options.proxy = "http://127.0.0.1:" + std::to_string(proxy.server.port());
  auto transport = make_transport(options, std::make_shared<TableResolver>());
  const auto result = run(*transport, attempt_to("http://hooks.example/x"));
  unsetenv("no_proxy");  // NOLINT(concurrency-mt-unsafe)
  CHECK(result.status == 200);
  CHECK(proxy.last().starts_with("POST http://hooks.example/x HTTP/1.1\r\n"));
  CHECK(target.accepts() == 0);
}

TEST_CASE("an egress that cannot work is refused when the transport is made") {
  const auto refusal = [](CurlOptions options) {
    const auto made = make_curl_transport(options);
    return made.ok() ? Error{ErrorCode::closed, "made"} : made.error();
  };
  for (const std::string proxy : {"nonsense", "socks5://127.0.0.1:1080", "http://host",
                                  "http://user:hunter2@:80", "http://h:0", "http://h\r\n:1"}) {
    INFO(proxy);
    auto options = loopback_options();
    options.proxy = proxy;
    const Error error = refusal(options);
    CHECK(error.code == ErrorCode::config);
    CHECK(error.field == "proxy");
    CHECK(error.detail.find("hunter2") == std::string::npos);
  }
  for (const std::string interface : {"nosuch0", "203.0.113.7"}) {
    auto options = loopback_options();
    options.interface = interface;
    CHECK(refusal(options).field == "interface");
  }
}

TEST_CASE("the local address to send from is used") {
  Recorder recorder;
  for (const std::string interface : {"127.0.0.1", "lo"}) {
    auto options = loopback_options();
    options.interface = interface;
    auto transport = make_transport(options);
    const auto result = run(*transport, attempt_to(recorder.server.url()));
    INFO(result.error_text);
    CHECK(result.status == 200);
  }
}
