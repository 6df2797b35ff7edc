// Certificates, whose and whom they are shown to, and protocol versions.

#include <openssl/ssl.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "catch.h"
#include "support/loopback_server.h"
#include "support/loopback_tls.h"
#include "support/transport_harness.h"

using namespace webhookcore;        // NOLINT(google-build-using-namespace)
using namespace webhookcore::test;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

namespace {

// OpenSSL writes without MSG_NOSIGNAL on the server's side of these tests.
const auto ignore_sigpipe = std::signal(SIGPIPE, SIG_IGN);

CurlOptions trusting(const TestCertificate& certificate) {
  auto options = loopback_options();
  options.ca_file = certificate.file();
  return options;
}

}  // namespace

TEST_CASE("a certificate that nobody vouches for is a tls error") {
  const TestCertificate certificate{"IP:127.0.0.1"};
  const TestCertificate stranger{"IP:127.0.0.1"};
  TlsContext tls{certificate};
  LoopbackServer server{answer_all(ok_response), "127.0.0.1", 0, tls.wrap()};
  auto transport = make_transport(trusting(stranger));
  const auto result = run(*transport, attempt_to(server.url("/", "https")));
  CHECK(result.error == TransportError::tls);
  CHECK(result.error_text.find("certificate") != std::string::npos);
  CHECK_FALSE(result.status.has_value());
}

TEST_CASE("the configured authority is trusted, and connections are used again") {
  const TestCertificate certificate{"IP:127.0.0.1"};
  TlsContext tls{certificate};
  LoopbackServer server{answer_all(ok_response), "127.0.0.1", 0, tls.wrap()};
  auto transport = make_transport(trusting(certificate));
  for (int i = 0; i < 2; ++i) {
    const auto result = run(*transport, attempt_to(server.url("/", "https")));
    INFO(result.error_text);
    CHECK(result.status == 200);
    if (i == 0) CHECK(result.phases.tls.has_value());
  }
  CHECK(server.accepts() == 1);
}

TEST_CASE("a certificate for another host is a tls error") {
  const TestCertificate certificate{"DNS:hooks.example"};
  TlsContext tls{certificate};
  LoopbackServer server{answer_all(ok_response), "127.0.0.1", 0, tls.wrap()};
  auto resolver = std::make_shared<TableResolver>();
  for (const char* host : {"hooks.example", "other.example"}) resolver->set(host, {{"127.0.0.1"}});
  auto transport = make_transport(trusting(certificate), resolver);
  const std::string port = std::to_string(server.port());
  CHECK(run(*transport, attempt_to("https://hooks.example:" + port + "/")).status == 200);
  const auto other = run(*transport, attempt_to("https://other.example:" + port + "/"));
  CHECK(other.error == TransportError::tls);
}

TEST_CASE("a certificate that has expired is a tls error that says so") {
  const TestCertificate certificate{"IP:127.0.0.1", -1};
  TlsContext tls{certificate};
  LoopbackServer server{answer_all(ok_response), "127.0.0.1", 0, tls.wrap()};
  auto transport = make_transport(trusting(certificate));
  const auto result = run(*transport, attempt_to(server.url("/", "https")));
  CHECK(result.error == TransportError::tls);
  CHECK(result.error_text.find("expired") != std::string::npos);
}

TEST_CASE("authorities in a folder are trusted, and read once for many connections") {
  const TestCertificate certificate{"IP:127.0.0.1"};
  TlsContext tls{certificate};
  LoopbackServer server{
      answer_all("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"), "127.0.0.1",
      0, tls.wrap()};
  std::filesystem::create_symlink(certificate.file(), certificate.folder() + "/9d04f354.0");
  setenv("SSL_CERT_FILE", "", 1);                           // NOLINT(concurrency-mt-unsafe)
  setenv("SSL_CERT_DIR", certificate.folder().c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
  auto transport = make_transport();
  unsetenv("SSL_CERT_DIR");   // NOLINT(concurrency-mt-unsafe)
  unsetenv("SSL_CERT_FILE");  // NOLINT(concurrency-mt-unsafe)
  for (int i = 0; i < 3; ++i) {
    if (i == 1) std::filesystem::remove(certificate.folder() + "/9d04f354.0");
    const auto result = run(*transport, attempt_to(server.url("/", "https")));
    INFO(result.error_text);
    CHECK(result.status == 200);
  }
  CHECK(server.accepts() == 3);
}

TEST_CASE("a receiver that asks who we are gets the client certificate") {
  const TestCertificate certificate{"IP:127.0.0.1"};
  const TestCertificate ours{"DNS:sender.example"};
  for (const std::string_view protocol : {"http/1.1", "none"}) {
    TlsContext tls{certificate, {.protocol = protocol, .client_authority = ours.file()}};
    LoopbackServer server{answer_all(ok_response), "127.0.0.1", 0, tls.wrap()};
    auto options = trusting(certificate);
    options.client_cert = ours.file();
    options.client_key = ours.key_file();
    auto transport = make_transport(options);
    const auto result = run(*transport, attempt_to(server.url("/", "https")));
    INFO(result.error_text);
    CHECK(result.status == 200);
  }
}

TEST_CASE("a receiver that wants another client certificate, or any, is a tls error") {
  const TestCertificate certificate{"IP:127.0.0.1"};
  const TestCertificate wanted{"DNS:sender.example"};
  const TestCertificate ours{"DNS:sender.example"};
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsContext tls{certificate, {.highest_version = version, .client_authority = wanted.file()}};
    LoopbackServer server{answer_all(ok_response), "127.0.0.1", 0, tls.wrap()};
    auto options = trusting(certificate);
    for (const bool shown : {false, true}) {
      if (shown) {
        options.client_cert = ours.file();
        options.client_key = ours.key_file();
      }
      auto transport = make_transport(options);
      const auto result = run(*transport, attempt_to(server.url("/", "https")));
      INFO(result.error_text);
      // In TLS 1.3 the handshake is over by then, and the reset that follows the alert can
      // be all that we see of it.
      const bool cut =
          result.error == TransportError::reset || result.error == TransportError::connect;
      CHECK((result.error == TransportError::tls || (version == TLS1_3_VERSION && cut)));
      CHECK_FALSE(result.status.has_value());
    }
  }
}

TEST_CASE("a client certificate that cannot be used is refused when the transport is made") {
  const TestCertificate ours{"DNS:sender.example"};
  const TestCertificate other{"DNS:sender.example"};
  const TestCertificate expired{"DNS:sender.example", -1};
  const std::string encrypted = ours.folder() + "/encrypted.pem";
  const std::string command = "openssl pkcs8 -topk8 -passout pass:x -in " + ours.key_file() +
                              " -out " + encrypted + " 2>/dev/null";
  // NOLINTNEXTLINE(concurrency-mt-unsafe,cert-env33-c): fixed text, no other thread yet.
  REQUIRE(std::system(command.c_str()) == 0);
  struct Row {
    std::string cert, key, field, said;
  };
  const std::vector<Row> rows{
      {"/no/such.pem", "", "client_cert", "readable"},
      {ours.key_file(), ours.key_file(), "client_cert", "no PEM certificate"},
      {ours.file(), "/no/such.pem", "client_key", "readable"},
      {ours.file(), "", "client_key", "no private key"},
      {ours.file(), other.key_file(), "client_key", "not that of the certificate"},
      {ours.file(), encrypted, "client_key", "password"},
      {expired.file(), expired.key_file(), "client_cert", "expired"},
      {"", ours.key_file(), "client_cert", "without a certificate"},
  };
  for (const Row& row : rows) {
    auto options = loopback_options();
    options.client_cert = row.cert;
    options.client_key = row.key;
    const auto made = make_curl_transport(options);
    INFO(row.said);
    REQUIRE_FALSE(made.ok());
    CHECK(made.error().code == ErrorCode::config);
    CHECK(made.error().field == row.field);
    CHECK(made.error().detail.find(row.said) != std::string::npos);
  }
}

TEST_CASE("TLS 1.1 is refused") {
  const TestCertificate certificate{"IP:127.0.0.1"};
  TlsContext tls{certificate, {.highest_version = TLS1_1_VERSION}};
  LoopbackServer server{answer_all(ok_response), "127.0.0.1", 0, tls.wrap()};
  auto transport = make_transport(trusting(certificate));
  CHECK(run(*transport, attempt_to(server.url("/", "https"))).error == TransportError::tls);
}

TEST_CASE("plain HTTP on the port of an https URL is a tls error") {
  LoopbackServer server{[](Connection& connection) {
    connection.receive();
    connection.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  }};
  auto transport = make_transport();
  CHECK(run(*transport, attempt_to(server.url("/", "https"))).error == TransportError::tls);
}

TEST_CASE("a handshake that stalls ends at the deadline") {
  LoopbackServer server{[](Connection& connection) { connection.wait_until_closed(); }};
  const TestCertificate certificate{"IP:127.0.0.1"};
  auto transport = make_transport(trusting(certificate));
  const auto stall = [&] {
    auto attempt = attempt_to(server.url("/", "https"));
    attempt.timeout = 300ms;
    return run(*transport, std::move(attempt));
  };
  CHECK(stall().error == TransportError::timeout);
  CHECK(shortest_of_three(stall) < 300ms + promised_slack);
}
