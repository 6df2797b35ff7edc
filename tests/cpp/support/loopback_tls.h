// TLS for LoopbackServer: a certificate made on the spot, and a wrap that speaks it.
#pragma once

#include <openssl/ssl.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "support/loopback_server.h"

namespace webhookcore::test {

// A self-signed certificate and its key in a folder of their own. It is valid for two
// days; with `days` below zero it never was.
class TestCertificate {
 public:
  explicit TestCertificate(const std::string& alternative_names, int days = 2) {
    std::string folder = (std::filesystem::temp_directory_path() / "webhookcore-XXXXXX").string();
    if (mkdtemp(folder.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder_ = folder;
    // In two steps, because `openssl req -x509` takes no days below one.
    const std::string request = folder_ + "/request.pem";
    const std::string command =
        "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=webhookcore-test"
        " -addext 'subjectAltName=" +
        alternative_names + "' -keyout " + key_file() + " -out " + request +
        " 2>/dev/null && openssl x509 -req -in " + request + " -signkey " + key_file() + " -days " +
        std::to_string(days) + " -copy_extensions copy -out " + file() + " 2>/dev/null";
    // NOLINTNEXTLINE(concurrency-mt-unsafe,cert-env33-c): fixed text, no other thread yet.
    if (std::system(command.c_str()) != 0) throw std::runtime_error("openssl made no certificate");
  }
  TestCertificate(const TestCertificate&) = delete;
  TestCertificate& operator=(const TestCertificate&) = delete;
  ~TestCertificate() {
    std::error_code ignored;  // A folder left in /tmp fails no test.
    std::filesystem::remove_all(folder_, ignored);
  }

  const std::string& folder() const { return folder_; }
  std::string file() const { return folder_ + "/cert.pem"; }
  std::string key_file() const { return folder_ + "/key.pem"; }

 private:
  std::string folder_;
};

class TlsConnection final : public Connection {
 public:
  TlsConnection(int fd, SSL* ssl) : Connection(fd), ssl_(ssl, SSL_free) {}

  // False when the client gave up on the handshake.
  bool accept() { return SSL_set_fd(ssl_.get(), fd()) == 1 && SSL_accept(ssl_.get()) == 1; }

  bool is_resumed() const { return SSL_session_reused(ssl_.get()) == 1; }
  // What ALPN agreed on, or empty.
  std::string protocol() const {
    const unsigned char* name = nullptr;
    unsigned int size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &name, &size);
    return {reinterpret_cast<const char*>(name), size};
  }

  bool send(std::string_view bytes) override {
    if (bytes.empty()) return true;
    const int sent = SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
    if (sent > 0) bytes_sent += static_cast<std::size_t>(sent);
    return sent == static_cast<int>(bytes.size());
  }
  // With a goodbye: in TLS 1.2 a session that was cut off is not gone on with.
  void shut_down() override {
    SSL_shutdown(ssl_.get());
    Connection::shut_down();
  }

  std::optional<std::string> receive() override {
    std::string bytes(16 * 1024, '\0');
    const int got = SSL_read(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
    if (got <= 0) return std::nullopt;
    bytes.resize(static_cast<std::size_t>(got));
    return bytes;
  }

 private:
  std::unique_ptr<SSL, void (*)(SSL*)> ssl_;
};

struct TlsOptions {
  int highest_version = TLS1_3_VERSION;
  std::string_view protocol = "http/1.1";  // What ALPN answers when it is offered.
  std::string client_authority = {};       // File; a client must show a certificate of it.
};

class TlsContext {
 public:
  explicit TlsContext(const TestCertificate& certificate, TlsOptions options = {})
      : options_(options), context_(SSL_CTX_new(TLS_server_method()), SSL_CTX_free) {
    SSL_CTX* const context = context_.get();
    if (SSL_CTX_use_certificate_file(context, certificate.file().c_str(), SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, certificate.key_file().c_str(), SSL_FILETYPE_PEM) !=
            1) {
      throw std::runtime_error("the certificate is not usable");
    }
    SSL_CTX_set_security_level(context, 0);  // So that an old version is refused by the client.
    SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context, options_.highest_version);
    if (!options_.client_authority.empty()) {
      const std::string name = "tests";  // Sessions of clients are kept under it.
      SSL_CTX_set_session_id_context(context, reinterpret_cast<const unsigned char*>(name.data()),
                                     static_cast<unsigned int>(name.size()));
      SSL_CTX_load_verify_locations(context, options_.client_authority.c_str(), nullptr);
      SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    }
    SSL_CTX_set_alpn_select_cb(context, &TlsContext::choose, this);
  }

  LoopbackServer::Wrap wrap() {
    return [this](int fd) -> std::unique_ptr<Connection> {
      auto connection = std::make_unique<TlsConnection>(fd, SSL_new(context_.get()));
      if (!connection->accept()) return nullptr;
      if (connection->is_resumed()) ++resumed_;
      return connection;
    };
  }

  // Handshakes that went on with a session of an earlier one.
  int resumed() const { return resumed_; }

 private:
  static int choose(SSL* /*ssl*/, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* offered, unsigned int size, void* self) {
    const auto& wanted = static_cast<TlsContext*>(self)->options_.protocol;
    for (unsigned int at = 0; at < size && at + 1 + offered[at] <= size; at += 1U + offered[at]) {
      const std::string_view name{reinterpret_cast<const char*>(offered + at + 1), offered[at]};
      if (name != wanted) continue;
      *out = offered + at + 1;
      *out_size = offered[at];
      return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_NOACK;
  }

  TlsOptions options_;
  std::atomic<int> resumed_ = 0;
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_;
};

}  // namespace webhookcore::test
