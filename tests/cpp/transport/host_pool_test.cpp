// How connections are shared out between hosts: bounded, used again, closed when they
// idle, and no host waits for another one.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "catch.h"
#include "support/loopback_server.h"
#include "support/loopback_tls.h"
#include "support/transport_harness.h"
#include "webhookcore/transport/host_pool.h"
#include "webhookcore/transport/multi_transport.h"

using namespace webhookcore;        // NOLINT(google-build-using-namespace)
using namespace webhookcore::test;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

namespace {

// OpenSSL writes without MSG_NOSIGNAL on the server's side of these tests.
const auto ignore_sigpipe = std::signal(SIGPIPE, SIG_IGN);

const std::string closing_response =
    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";

CurlOptions trusting(const TestCertificate& certificate) {
  auto options = loopback_options();
  options.ca_file = certificate.file();
  return options;
}

HttpAttempt patient_attempt(const std::string& url) {
  auto attempt = attempt_to(url);
  attempt.connect_timeout = 60s;
  attempt.timeout = 60s;
  return attempt;
}

}  // namespace

TEST_CASE("transfers to hosts whose handshake stalls keep no other host's waiting") {
  LoopbackServer stalled{[](Connection& connection) { connection.wait_until_closed(); }};
  LoopbackServer other{[](Connection& connection) { connection.wait_until_closed(); }};
  const TestCertificate certificate{"IP:127.0.0.1"};
  TlsContext tls{certificate};
  LoopbackServer healthy{answer_all(ok_response), "127.0.0.1", 0, tls.wrap()};
  auto transport = make_transport(trusting(certificate));
  for (TransferId id = 1; id <= 8; ++id) {
    transport->start(id, patient_attempt((id % 2 == 0 ? stalled : other).url("/", "https")));
  }
  for (TransferId id = 101; id <= 108; ++id) {
    transport->start(id, patient_attempt(healthy.url("/", "https")));
  }
  for (const auto& result : await(*transport, 8)) {
    CHECK(result.id > 100);
    CHECK(result.status == 200);
  }
  CHECK(transport->cancel_all().size() == 8);
}

TEST_CASE("a host at its limit of connections leaves the others theirs") {
  LoopbackServer silent{[](Connection& connection) { connection.wait_until_closed(); }};
  LoopbackServer healthy{answer_all(ok_response)};
  auto options = loopback_options();
  options.max_connections_per_host = 2;
  auto transport = make_transport(options);
  for (TransferId id = 1; id <= 10; ++id) transport->start(id, patient_attempt(silent.url()));
  for (TransferId id = 101; id <= 120; ++id) transport->start(id, patient_attempt(healthy.url()));
  for (const auto& result : await(*transport, 20)) {
    CHECK(result.id > 100);
    CHECK(result.status == 200);
  }
  CHECK(silent.accepts() <= 2);
  CHECK(healthy.accepts() <= 2);
  CHECK(transport->cancel_all().size() == 10);
}

TEST_CASE("connections are bounded over all hosts together, and each host gets its turn") {
  std::list<LoopbackServer> servers;
  for (int i = 0; i < 6; ++i) servers.emplace_back(answer_all(ok_response));
  auto options = loopback_options();
  options.max_connections = 3;
  auto transport = make_transport(options);
  TransferId id = 0;
  for (int round = 0; round < 5; ++round) {
    for (const auto& server : servers) transport->start(++id, patient_attempt(server.url()));
  }
  std::size_t ended = 0;
  int most = 0;
  while (ended < id) {
    const auto results = transport->poll(20s);
    REQUIRE_FALSE(results.empty());
    ended += results.size();
    for (const auto& result : results) CHECK(result.status == 200);
    most = std::max(most, dynamic_cast<MultiTransport&>(*transport).open_connections());
  }
  CHECK(most >= 1);
  CHECK(most <= 3);
}

TEST_CASE("a new connection goes on with the TLS session of an earlier one, over many hosts") {
  // Twenty hosts: an easy handle of libcurl would keep five sessions.
  const TestCertificate certificate{"IP:127.0.0.1"};
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    std::list<TlsContext> contexts;
    std::list<LoopbackServer> servers;
    for (int i = 0; i < 20; ++i) {
      contexts.emplace_back(certificate, TlsOptions{.highest_version = version});
      servers.emplace_back(answer_all(closing_response), "127.0.0.1", 0, contexts.back().wrap());
    }
    auto transport = make_transport(trusting(certificate));
    TransferId id = 0;
    for (int round = 0; round < 3; ++round) {
      for (const auto& server : servers)
        transport->start(++id, attempt_to(server.url("/", "https")));
      for (const auto& result : await(*transport, servers.size())) CHECK(result.status == 200);
    }
    for (const auto& server : servers) CHECK(server.accepts() == 3);
    INFO(version);
    for (const auto& context : contexts) CHECK(context.resumed() == 2);
  }
}

TEST_CASE("a connection that idles is closed though nothing is sent any more") {
  std::atomic<int> closed = 0;
  LoopbackServer server{[&](Connection& connection) {
    answer_all(ok_response)(connection);
    ++closed;
  }};
  auto options = loopback_options();
  options.max_idle = 1s;
  auto transport = make_transport(options);
  for (TransferId id = 1; id <= 3; ++id) transport->start(id, attempt_to(server.url()));
  await(*transport, 3);
  const int opened = server.accepts();
  const auto until = Steady::now() + 20s;
  while (closed < opened && Steady::now() < until) CHECK(transport->poll(100ms).empty());
  CHECK(closed == opened);
  CHECK(run(*transport, attempt_to(server.url())).status == 200);
}

TEST_CASE("hosts beyond a thousand are forgotten, those in use last of all") {
  HostPools pools{10, 2};
  HostPool& busy = *pools.find("busy", true);
  ++busy.users;
  HostPool& open = *pools.find("open", true);
  open.opened();
  HostPool& old = *pools.find("old", true);
  old.http1_only = true;
  for (int i = 0; i < 2000; ++i) CHECK(pools.find(std::to_string(i), true) != nullptr);
  CHECK(pools.find("busy", true) == &busy);
  CHECK(pools.find("open", true) == &open);
  CHECK_FALSE(pools.find("old", true)->http1_only);
  open.closed();
}

TEST_CASE("the first to a host goes alone until its connection is there") {
  HostPools pools{10, 3};
  HostPool& pool = *pools.find("a", true);
  CHECK(pools.has_room(pool, false));
  pools.enter(pool);
  pool.opened();
  CHECK_FALSE(pools.has_room(pool, false));
  CHECK(pools.has_room(pool, true));  // It takes too long.
  CHECK(pools.has_room(*pools.find("plain", false), false));
  pool.connected = true;
  CHECK(pools.has_room(pool, false));
  pools.enter(pool);
  pools.enter(pool);
  CHECK_FALSE(pools.has_room(pool, true));  // Three are the limit.
  for (int i = 0; i < 3; ++i) pools.leave(pool);
  CHECK(pools.has_room(pool, false));
  pools.enter(pool);
  pool.closed();
  CHECK_FALSE(pools.has_room(pool, false));  // No connection is left to share.
  pool.answered_http1 = true;
  CHECK(pools.has_room(pool, false));  // None ever was.
  pools.leave(pool);
}
