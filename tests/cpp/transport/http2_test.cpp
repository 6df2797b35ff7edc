// HTTP/2, where ALPN agrees on it: streams share a connection and nothing else.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <mutex>
#include <string>
#include <vector>

#include "catch.h"
#include "support/http2_frames.h"
#include "support/loopback_server.h"
#include "support/loopback_tls.h"
#include "support/transport_harness.h"

using namespace webhookcore;               // NOLINT(google-build-using-namespace)
using namespace webhookcore::test;         // NOLINT(google-build-using-namespace)
using namespace webhookcore::test::http2;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

namespace {

// OpenSSL writes without MSG_NOSIGNAL on the server's side of these tests.
const auto ignore_sigpipe = std::signal(SIGPIPE, SIG_IGN);

// A receiver of HTTP/2 and a transport that trusts it.
class Http2 {
 public:
  using Script = std::function<void(Connection&, Session&)>;

  explicit Http2(Script script, std::string settings = {})
      : script_(std::move(script)),
        settings_(std::move(settings)),
        server_{[this](Connection& connection) { play(connection); }, "127.0.0.1", 0, tls_.wrap()},
        transport_(make_transport(trusting(certificate_))) {}

  void start(TransferId id) { transport_->start(id, attempt_to(server_.url("/", "https"))); }
  // By id, from 1 on.
  std::vector<TransferResult> run(std::size_t count) {
    for (TransferId id = 1; id <= count; ++id) start(id);
    auto results = await(*transport_, count);
    std::sort(results.begin(), results.end(),
              [](const auto& left, const auto& right) { return left.id < right.id; });
    return results;
  }

  Transport& transport() { return *transport_; }
  int accepts() const { return server_.accepts(); }

 private:
  static CurlOptions trusting(const TestCertificate& certificate) {
    auto options = loopback_options();
    options.ca_file = certificate.file();
    return options;
  }

  // A client that offers no HTTP/2 gets an answer of HTTP/1.1.
  void play(Connection& connection) {
    if (static_cast<TlsConnection&>(connection).protocol() != "h2") {
      return answer_all("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")(connection);
    }
    Session session{connection};
    if (session.greet(settings_)) script_(connection, session);
  }

  Script script_;
  std::string settings_;
  TestCertificate certificate_{"IP:127.0.0.1"};
  TlsContext tls_{certificate_, {.protocol = "h2"}};
  LoopbackServer server_;
  std::unique_ptr<Transport> transport_;
};

void answer_everything(Connection& connection, Session& session) {
  while (true) {
    const auto streams = session.await_bodies(1);
    if (streams.empty() || !connection.send(whole_answer(streams.front()))) return;
  }
}

void check_delivered(const TransferResult& result, int status = 200) {
  INFO(result.error_text);
  CHECK(result.status == status);
  CHECK(result.error == TransportError::none);
}

}  // namespace

TEST_CASE("requests share one HTTP/2 connection, also when all of them start at once") {
  Http2 http2{answer_everything};
  for (const auto& result : http2.run(20)) check_delivered(result);
  CHECK(http2.accepts() == 1);
}

TEST_CASE("a stream that is reset after its status is a delivery all the same") {
  for (const std::string& error_code : {no_error, internal_error}) {
    std::atomic<bool> head_sent = false;
    std::atomic<bool> may_reset = false;
    Http2 http2{[&](Connection& connection, Session& session) {
      session.await(1, headers_frame);
      connection.send(frame(headers_frame, end_headers, 1, status_200));
      head_sent = true;
      head_sent.notify_all();
      may_reset.wait(false);
      connection.send(frame(reset_frame, 0, 1, error_code));
      connection.wait_until_closed();
    }};
    http2.start(1);
    while (!head_sent) CHECK(http2.transport().poll(10ms).empty());
    CHECK(http2.transport().poll(50ms).empty());
    may_reset = true;
    may_reset.notify_all();
    check_delivered(await(http2.transport(), 1).front());
  }
}

TEST_CASE("a status whose stream is reset in one breath is lost once, and never again") {
  // libcurl 7.88 drops the head that it read together with the reset (performance.md,
  // trap 2). Nobody can know that status; the next attempt goes where none is dropped.
  Http2 http2{[](Connection& connection, Session& session) {
    session.await(1, headers_frame);
    connection.send(frame(headers_frame, end_headers, 1, status_200) +
                    frame(reset_frame, 0, 1, no_error));
    connection.wait_until_closed();
  }};
  const auto first = http2.run(1).front();
  INFO(first.error_text);
  if (first.status) return;  // A libcurl that keeps it.
  CHECK(first.error == TransportError::reset);
  const bool told = first.error_text.find("the answer was lost") != std::string::npos;
  CHECK((told || first.error_text == "Empty reply from server"));
  check_delivered(http2.run(1).front(), 202);
}

TEST_CASE("a stream that is reset before its status is a reset, and HTTP/2 goes on") {
  Http2 http2{[](Connection& connection, Session& session) {
    session.await(1, headers_frame);
    connection.send(frame(reset_frame, 0, 1, internal_error));
    answer_everything(connection, session);
  }};
  const auto result = http2.run(1).front();
  CHECK(result.error == TransportError::reset);
  CHECK_FALSE(result.status.has_value());
  check_delivered(http2.run(1).front());
}

TEST_CASE("one stream's reset is nothing to its neighbours on the connection") {
  Http2 http2{[](Connection& connection, Session& session) {
    const auto streams = session.await_bodies(4);
    if (streams.size() < 4) return;
    connection.send(frame(reset_frame, 0, streams[1], internal_error));
    for (const std::size_t i : {0U, 2U, 3U}) connection.send(whole_answer(streams[i]));
    connection.wait_until_closed();
  }};
  int resets = 0;
  for (const auto& result : http2.run(4)) {
    resets += result.error == TransportError::reset ? 1 : 0;
    if (result.error != TransportError::reset) check_delivered(result);
  }
  CHECK(resets == 1);
  CHECK(http2.accepts() == 1);
}

TEST_CASE("a receiver that goes away answers its last streams, and the rest are sent anew") {
  std::atomic<int> connections = 0;
  Http2 http2{[&](Connection& connection, Session& session) {
    if (connections++ > 0) return answer_everything(connection, session);
    const auto streams = session.await_bodies(3);
    if (streams.size() < 3) return;
    // Of those above the last one the receiver promises to have looked at none.
    const unsigned char last = *std::min_element(streams.begin(), streams.end());
    connection.send(goaway(last));
    connection.send(whole_answer(last));
    connection.wait_until_closed();
  }};
  int delivered = 0;
  for (const auto& result : http2.run(3)) {
    // libcurl repeats what was not looked at, where it knows that in time.
    INFO(result.error_text);
    CHECK((result.status == 200 || result.error == TransportError::reset));
    delivered += result.status == 200 ? 1 : 0;
  }
  CHECK(delivered >= 1);
  for (const auto& result : http2.run(3)) check_delivered(result);
  CHECK(http2.accepts() >= 2);
}

TEST_CASE("an answer that comes with the receiver's goodbye counts") {
  Http2 http2{[](Connection& connection, Session& session) {
    session.await(1);
    connection.send(whole_answer(1) + goaway(1));
  }};
  check_delivered(http2.run(1).front());
  check_delivered(http2.run(1).front());
  CHECK(http2.accepts() == 2);
}

TEST_CASE("a connection that dies takes each of its streams to a result of its own") {
  Http2 http2{[](Connection& connection, Session& session) {
    const auto streams = session.await_bodies(4);
    if (streams.size() < 4) return;
    connection.send(whole_answer(streams[0]));
    connection.send(frame(headers_frame, end_headers, streams[1], status_200));  // No end.
    session.await_acknowledged_ping(connection);
    connection.reset_on_close();
  }};
  std::string told;
  int delivered = 0;
  int resets = 0;
  for (const auto& result : http2.run(4)) {
    told += std::string{to_string(result.error)} + " " + result.error_text + "; ";
    delivered += result.status == 200 ? 1 : 0;
    resets += !result.status && result.error == TransportError::reset ? 1 : 0;
  }
  INFO(told);
  CHECK(delivered == 2);
  CHECK(resets == 2);
}

TEST_CASE("a receiver's limit of streams makes more connections, and all is delivered") {
  const std::string one_stream{"\0\x03\0\0\0\x01", 6};  // SETTINGS_MAX_CONCURRENT_STREAMS.
  Http2 http2{answer_everything, one_stream};
  check_delivered(http2.run(1).front());  // From here on the limit is known.
  for (const auto& result : http2.run(8)) check_delivered(result);
  CHECK(http2.accepts() <= 8);
}

TEST_CASE("a refused stream was not looked at and is sent once more, elsewhere") {
  std::atomic<int> connections = 0;
  Http2 http2{[&](Connection& connection, Session& session) {
    if (connections++ > 0) return answer_everything(connection, session);
    session.await(1);
    connection.send(frame(reset_frame, 0, 1, refused_stream));
    connection.wait_until_closed();
  }};
  check_delivered(http2.run(1).front());
  CHECK(http2.accepts() == 2);
}
