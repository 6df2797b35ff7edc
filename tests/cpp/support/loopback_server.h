// A TCP server on loopback whose every connection plays a script, byte for byte:
// what a real HTTP server would never send is what the tests are about.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace webhookcore::test {

// One accepted connection, used by its script's thread alone.
class Connection {
 public:
  explicit Connection(int fd) : fd_(fd) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  virtual ~Connection() { close(fd_); }

  // False once the peer is gone, or the server is being torn down.
  virtual bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes_sent += static_cast<std::size_t>(sent);
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  // At least one byte, or nullopt at the end of the stream.
  virtual std::optional<std::string> receive() {
    std::string bytes(16 * 1024, '\0');
    const ssize_t got = recv(fd_, bytes.data(), bytes.size(), 0);
    if (got <= 0) return std::nullopt;
    bytes.resize(static_cast<std::size_t>(got));
    return bytes;
  }

  // Head and body of one request by its Content-Length; nullopt when the peer closed.
  std::optional<std::string> read_request() {
    std::size_t head_end = std::string::npos;
    while ((head_end = pending_.find("\r\n\r\n")) == std::string::npos) {
      if (!read_more()) return std::nullopt;
    }
    const std::size_t size = head_end + 4 + content_length(pending_.substr(0, head_end + 2));
    while (pending_.size() < size) {
      if (!read_more()) return std::nullopt;
    }
    std::string request = pending_.substr(0, size);
    pending_.erase(0, size);
    return request;
  }

  void wait_until_closed() {
    while (receive()) {
    }
  }

  // Closes with RST instead of FIN once this object goes.
  void reset_on_close() const {
    const linger now{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }

  virtual void shut_down() { shutdown(fd_, SHUT_RDWR); }

  std::size_t bytes_sent = 0;

 protected:
  int fd() const { return fd_; }

 private:
  bool read_more() {
    auto bytes = receive();
    if (!bytes) return false;
    pending_ += *bytes;
    return true;
  }

  static std::size_t content_length(const std::string& head) {
    constexpr std::string_view name = "\r\nContent-Length: ";
    const auto at = head.find(name);
    return at == std::string::npos ? 0 : std::stoul(head.substr(at + name.size()));
  }

  int fd_;
  std::string pending_;
};

class LoopbackServer {
 public:
  using Script = std::function<void(Connection&)>;
  using Wrap = std::function<std::unique_ptr<Connection>(int fd)>;  // nullptr: refused.

  explicit LoopbackServer(Script script, const std::string& address = "127.0.0.1",
                          std::uint16_t port = 0, Wrap wrap = plain)
      : script_(std::move(script)), wrap_(std::move(wrap)), address_(address) {
    listen_on(port);
    acceptor_ = std::thread{[this] { accept_all(); }};
  }
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;

  ~LoopbackServer() {
    {
      const std::scoped_lock lock{mutex_};
      stopping_ = true;
      for (const auto& [fd, thread] : scripts_) shutdown(fd, SHUT_RDWR);
    }
    shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    for (auto& [fd, thread] : scripts_) {
      thread.join();
      close(fd);
    }
    close(listener_);
  }

  std::uint16_t port() const { return port_; }
  std::string url(const std::string& path = "/hook", const std::string& scheme = "http") const {
    return scheme + "://" + address_ + ":" + std::to_string(port_) + path;
  }

  int accepts() const { return accepts_; }

  // Kept by script authors who want to look at them later.
  void note(std::string request) {
    const std::scoped_lock lock{mutex_};
    requests_.push_back(std::move(request));
  }
  std::vector<std::string> requests() {
    const std::scoped_lock lock{mutex_};
    return requests_;
  }

  static std::unique_ptr<Connection> plain(int fd) { return std::make_unique<Connection>(fd); }

 private:
  void listen_on(std::uint16_t port) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_port = htons(port);
    inet_pton(AF_INET, address_.c_str(), &here.sin_addr);
    socklen_t size = sizeof here;
    auto* const generic = reinterpret_cast<sockaddr*>(&here);
    if (bind(listener_, generic, size) != 0 || listen(listener_, 128) != 0 ||
        getsockname(listener_, generic, &size) != 0) {
      close(listener_);
      throw std::runtime_error("cannot listen on " + address_ + ": " + std::strerror(errno));
    }
    port_ = ntohs(here.sin_port);
  }

  void accept_all() {
    for (;;) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      ++accepts_;
      const std::scoped_lock lock{mutex_};
      // The script closes its own duplicate; this one stays valid for ~LoopbackServer().
      const int script_fd = dup(fd);
      scripts_.emplace_back(fd, std::thread{[this, script_fd] { play(script_fd); }});
      if (stopping_) shutdown(fd, SHUT_RDWR);
    }
  }

  void play(int fd) {
    const auto connection = wrap_(fd);
    if (!connection) return;
    script_(*connection);
    connection->shut_down();
  }

  Script script_;
  Wrap wrap_;
  std::string address_;
  std::uint16_t port_ = 0;
  int listener_ = -1;
  std::atomic<int> accepts_ = 0;
  std::mutex mutex_;
  bool stopping_ = false;
  std::vector<std::string> requests_;
  std::list<std::pair<int, std::thread>> scripts_;
  std::thread acceptor_;
};

// Answers every request on a connection with the same bytes.
inline LoopbackServer::Script answer_all(std::string response) {
  return [response = std::move(response)](Connection& connection) {
    while (connection.read_request()) {
      if (!connection.send(response)) return;
    }
  };
}

inline constexpr const char* ok_response = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

}  // namespace webhookcore::test
