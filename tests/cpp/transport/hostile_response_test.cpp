// Receivers that do not speak HTTP as they should: each ends in a typed result, in
// bounded time, and after a bounded number of bytes.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include "catch.h"
#include "support/loopback_server.h"
#include "support/transport_harness.h"

using namespace webhookcore;        // NOLINT(google-build-using-namespace)
using namespace webhookcore::test;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

namespace {

// What the kernel may buffer between a server that never stops and a client that did.
constexpr std::size_t socket_buffers = 16UL << 20U;

struct Ending {
  TransferResult result;
  std::size_t bytes_sent = 0;
  int accepts = 0;
};

// The attempt's deadline is far away unless the test is about it, so that a cap that
// is missing shows as a transfer that goes on until then.
Ending meet(const LoopbackServer::Script& after_request, Duration timeout = 5s) {
  Ending ending;
  std::atomic<std::size_t> bytes_sent = 0;
  {
    LoopbackServer server{[&](Connection& connection) {
      if (connection.read_request()) after_request(connection);
      bytes_sent += connection.bytes_sent;
    }};
    auto transport = make_transport();
    auto attempt = attempt_to(server.url());
    attempt.timeout = timeout;
    ending.result = run(*transport, std::move(attempt));
    ending.accepts = server.accepts();
  }
  // The scripts have ended: the server's destructor waits for them.
  ending.bytes_sent = bytes_sent;
  return ending;
}

LoopbackServer::Script send_forever(std::string first, std::string rest) {
  return [first = std::move(first), rest = std::move(rest)](Connection& connection) {
    if (!connection.send(first)) return;
    while (connection.send(rest)) {
    }
  };
}

LoopbackServer::Script send_and_wait(std::string bytes) {
  return [bytes = std::move(bytes)](Connection& connection) {
    connection.send(bytes);
    connection.wait_until_closed();
  };
}

LoopbackServer::Script send_and_close(std::string bytes) {
  return [bytes = std::move(bytes)](Connection& connection) { connection.send(bytes); };
}

void check_delivered(const Ending& ending, int status = 200) {
  INFO(ending.result.error_text);
  CHECK(ending.result.status == status);
  CHECK(ending.result.error == TransportError::none);
  CHECK(ending.result.error_text.empty());
  CHECK(ending.accepts == 1);
}

void check_failed(const Ending& ending, TransportError error) {
  INFO(ending.result.error_text);
  CHECK_FALSE(ending.result.status.has_value());
  CHECK(to_string(ending.result.error) == to_string(error));
  CHECK_FALSE(ending.result.error_text.empty());
  CHECK(ending.result.error_text.size() <= 200);
  CHECK(ending.result.response_headers.empty());
}

const std::string chunked_head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

}  // namespace

TEST_CASE("an endless body is cut at 64 KiB and the status still counts") {
  const auto ending = meet(send_forever("HTTP/1.1 200 OK\r\n\r\n", std::string(65'536, 'x')));
  check_delivered(ending);
  CHECK(ending.result.response_body == std::string(4096, 'x'));
  CHECK(ending.result.duration < 4s);
  CHECK(ending.bytes_sent < socket_buffers);
}

TEST_CASE("an endless chunked body is cut as well") {
  const auto ending = meet(send_forever(chunked_head, "400\r\n" + std::string(1024, 'y') + "\r\n"));
  check_delivered(ending);
  CHECK(ending.result.response_body.size() == 4096);
  CHECK(ending.result.duration < 4s);
}

TEST_CASE("endless chunked trailers are cut and the status still counts") {
  const auto ending = meet(send_forever(chunked_head + "0\r\n", "X-Trailer: 0123456789\r\n"));
  check_delivered(ending);
  CHECK(ending.result.duration < 4s);
  CHECK(ending.bytes_sent < socket_buffers);
  CHECK(ending.result.response_headers.size() == 1);
}

TEST_CASE("endless headers are a bad response") {
  const auto ending = meet(send_forever("HTTP/1.1 200 OK\r\n", "X-Header: 0123456789\r\n"));
  check_failed(ending, TransportError::bad_response);
  CHECK(ending.result.duration < 4s);
  CHECK(ending.bytes_sent < socket_buffers);
}

TEST_CASE("one header line without an end is a bad response, not our memory running out") {
  for (const char* begin : {"HTTP/1.1 200 OK\r\nX-Header: ", "HTTP/1.1 200 "}) {
    const auto ending = meet(send_forever(begin, std::string(4096, 'z')));
    check_failed(ending, TransportError::bad_response);
    CHECK(ending.result.error_text == "a response header line is longer than 100 KiB");
    CHECK(ending.result.duration < 4s);
  }
}

TEST_CASE("endless interim responses are a bad response") {
  const auto ending = meet(send_forever("", "HTTP/1.1 100 Continue\r\nX-Interim: yes\r\n\r\n"));
  check_failed(ending, TransportError::bad_response);
  CHECK(ending.result.duration < 4s);
  CHECK(ending.bytes_sent < socket_buffers);
}

TEST_CASE("headers just under the cap pass, in all their heads together") {
  const std::string line = "X-Header: " + std::string(1000, 'h') + "\r\n";
  std::string response = "HTTP/1.1 103 Early Hints\r\n" + line + "\r\nHTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 60; ++i) response += line;
  check_delivered(meet(send_and_close(response + "Content-Length: 0\r\n\r\n")));
}

TEST_CASE("an interim response is not the answer") {
  check_delivered(meet(send_and_close("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n"
                                      "Link: <a>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n")),
                  204);
}

TEST_CASE("an interim response alone is no answer") {
  check_failed(meet(send_and_close("HTTP/1.1 103 Early Hints\r\n\r\n")), TransportError::reset);
}

TEST_CASE("a switch of protocols is a bad response") {
  check_failed(meet(send_and_wait("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nhello")),
               TransportError::bad_response);
}

TEST_CASE("a compressed body is kept as it came") {
  // 10 KiB of zeros, as gzip makes them, would grow a thousandfold; these two bytes
  // stand for any: nothing is inflated.
  const std::string bytes = "\x1f\x8b\x08 not really gzip";
  const auto ending =
      meet(send_and_close("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: " +
                          std::to_string(bytes.size()) + "\r\n\r\n" + bytes));
  check_delivered(ending);
  CHECK(ending.result.response_body == bytes);
}

TEST_CASE("a body that is shorter than announced does not undo the status") {
  const auto ending = meet(send_and_close("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort"));
  check_delivered(ending);
  CHECK(ending.result.response_body == "short");
}

TEST_CASE("a reset after the head does not undo the status") {
  const auto ending = meet([](Connection& connection) {
    connection.reset_on_close();
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort");
  });
  check_delivered(ending);
}

TEST_CASE("a body that stalls until the deadline does not undo the status") {
  const auto stall = send_and_wait("HTTP/1.1 202 Accepted\r\nContent-Length: 100\r\n\r\nshort");
  const auto ending = meet(stall, 300ms);
  check_delivered(ending, 202);
  CHECK(ending.result.duration >= 300ms - timer_grain);
  CHECK(shortest_of_three([&] { return meet(stall, 300ms).result; }) < 300ms + promised_slack);
}

TEST_CASE("a connection that is reset instead of answered is a reset") {
  check_failed(meet([](Connection& connection) { connection.reset_on_close(); }),
               TransportError::reset);
}

TEST_CASE("a connection that is closed instead of answered is a reset") {
  check_failed(meet([](Connection&) {}), TransportError::reset);
}

TEST_CASE("a head that is cut off gives no status") {
  check_failed(meet(send_and_close("HTTP/1.1 200 OK\r\nContent-Le")), TransportError::bad_response);
}

TEST_CASE("garbage is a bad response") {
  check_failed(meet(send_and_close("SSH-2.0-OpenSSH_9.2\r\n")), TransportError::bad_response);
}

TEST_CASE("HTTP/0.9 is a bad response") {
  check_failed(meet(send_and_close("<html>hello</html>")), TransportError::bad_response);
}

TEST_CASE("numbers that are no HTTP status are a bad response") {
  for (const char* status : {"099", "999", "600", "000", "20", "2000", "-20", "abc"}) {
    INFO(status);
    check_failed(meet(send_and_close("HTTP/1.1 " + std::string{status} +
                                     " Odd\r\nContent-Length: 0\r\n\r\n")),
                 TransportError::bad_response);
  }
}

TEST_CASE("a NUL inside a header is a bad response") {
  check_failed(meet(send_and_close(std::string{"HTTP/1.1 200 OK\r\nX-A: b\0c\r\n"
                                               "Content-Length: 0\r\n\r\n",
                                               48})),
               TransportError::bad_response);
}

TEST_CASE("a negative Content-Length is a bad response") {
  check_failed(meet(send_and_close("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n")),
               TransportError::bad_response);
}

TEST_CASE("two Content-Lengths leave the status alone") {
  check_delivered(
      meet(send_and_close("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc")));
}

TEST_CASE("a redirect is an answer and is not followed") {
  LoopbackServer internal{answer_all(ok_response)};
  for (const int status : {301, 302, 303, 307, 308}) {
    const auto ending = meet(send_and_close("HTTP/1.1 " + std::to_string(status) +
                                            " Moved\r\nLocation: " + internal.url() +
                                            "\r\nContent-Length: 0\r\n\r\n"));
    check_delivered(ending, status);
  }
  CHECK(internal.accepts() == 0);
}

TEST_CASE("a receiver that never answers ends the attempt at its deadline") {
  const auto silence = [](Connection& connection) { connection.wait_until_closed(); };
  const auto ending = meet(silence, 300ms);
  check_failed(ending, TransportError::timeout);
  CHECK(ending.result.duration >= 300ms - timer_grain);
  CHECK(shortest_of_three([&] { return meet(silence, 300ms).result; }) < 300ms + promised_slack);
}

TEST_CASE("a head that drips a byte at a time ends the attempt at its deadline") {
  const auto drip = [](Connection& connection) {
    const std::string head = "HTTP/1.1 200 OK\r\nX-Slow: " + std::string(100'000, 'd');
    for (const char byte : head) {
      if (!connection.send({&byte, 1})) return;
      std::this_thread::sleep_for(5ms);  // The drip itself; nothing waits for it.
    }
  };
  check_failed(meet(drip, 300ms), TransportError::timeout);
  CHECK(shortest_of_three([&] { return meet(drip, 300ms).result; }) < 300ms + promised_slack);
}

TEST_CASE("many hostile receivers at once do not hold a healthy one up") {
  LoopbackServer silent{[](Connection& connection) { connection.wait_until_closed(); }};
  // In large pieces: what is measured is the loop, not how fast the servers write.
  const std::string header = "X-Header: " + std::string(4000, 'h') + "\r\n";
  LoopbackServer endless{send_forever("HTTP/1.1 200 OK\r\n", header)};
  LoopbackServer healthy{answer_all(ok_response)};
  auto transport = make_transport();
  for (TransferId id = 1; id <= 20; ++id) {
    auto attempt = attempt_to(id % 2 == 0 ? silent.url() : endless.url());
    attempt.timeout = 60s;
    transport->start(id, std::move(attempt));
  }
  transport->start(100, attempt_to(healthy.url()));
  // The endless ones end by their cap; the silent ones are still waited for.
  const auto ended = await(*transport, 11);
  const auto it = std::find_if(ended.begin(), ended.end(),
                               [](const TransferResult& result) { return result.id == 100; });
  REQUIRE(it != ended.end());
  CHECK(it->status == 200);
  CHECK(it->duration < busy_slack);
  CHECK(transport->cancel_all().size() == 10);
}
