// The receiver of the delivery benchmarks: answers every request 200 as fast as one thread can.
// Prints its port. For each line on standard input prints one line for each request since the
// last, "<monotonic nanoseconds> <webhook-id>", and then "end".
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace {

constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

struct Arrival {
  std::int64_t at_ns;
  std::string id;
};

void check(bool well, const char* what) {
  if (well) return;
  std::perror(what);
  std::exit(1);
}

std::string_view header(std::string_view head, std::string_view lower, std::string_view title) {
  auto at = head.find(lower);
  if (at == std::string_view::npos) at = head.find(title);
  if (at == std::string_view::npos) return {};
  const auto begin = at + lower.size();
  return head.substr(begin, head.find('\r', begin) - begin);
}

class Sink {
 public:
  Sink() : epoll_(epoll_create1(0)), listener_(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = INADDR_ANY;  // All of 127.0.0.0/8, one address for an endpoint.
    const auto* name = reinterpret_cast<const sockaddr*>(&address);
    check(bind(listener_, name, sizeof address) == 0 && listen(listener_, 1024) == 0, "listen");
    socklen_t size = sizeof address;
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    std::printf("%d\n", ntohs(address.sin_port));
    std::fflush(stdout);
    watch(listener_);
    watch(STDIN_FILENO);
  }

  void serve() {
    std::array<epoll_event, 256> events{};
    while (!over_) {
      const int count = epoll_wait(epoll_, events.data(), events.size(), -1);
      for (int i = 0; i < count; ++i) handle(events[static_cast<std::size_t>(i)].data.fd);
    }
  }

 private:
  void watch(int file) {
    epoll_event event{.events = EPOLLIN, .data = {.fd = file}};
    check(epoll_ctl(epoll_, EPOLL_CTL_ADD, file, &event) == 0, "epoll_ctl");
  }

  void handle(int file) {
    if (file == STDIN_FILENO) return report();
    if (file != listener_) return read_from(file);
    const int accepted = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK);
    if (accepted < 0) return;
    const int on = 1;
    setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    watch(accepted);
  }

  void read_from(int file) {
    std::array<char, 65536> chunk;
    const auto size = read(file, chunk.data(), chunk.size());
    if (size <= 0) {
      buffers_.erase(file);
      close(file);
      return;
    }
    std::string& buffer = buffers_[file];
    buffer.append(chunk.data(), static_cast<std::size_t>(size));
    std::string answers;
    while (take_request(buffer)) answers += kAnswer;
    if (!answers.empty()) {
      check(write(file, answers.data(), answers.size()) > 0, "write");
    }
  }

  bool take_request(std::string& buffer) {
    const auto end = buffer.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    const std::string_view head(buffer.data(), end + 2);
    const auto length = header(head, "\ncontent-length: ", "\nContent-Length: ");
    std::size_t body = 0;
    std::from_chars(length.data(), length.data() + length.size(), body);
    if (buffer.size() < end + 4 + body) return false;
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    arrivals_.push_back({std::chrono::nanoseconds(now).count(),
                         std::string(header(head, "\nwebhook-id: ", "\nWebhook-Id: "))});
    buffer.erase(0, end + 4 + body);
    return true;
  }

  void report() {
    char line[64];
    if (read(STDIN_FILENO, line, sizeof line) <= 0) {
      over_ = true;
      return;
    }
    for (const Arrival& arrival : arrivals_) {
      std::printf("%lld %s\n", static_cast<long long>(arrival.at_ns), arrival.id.c_str());
    }
    arrivals_.clear();
    std::puts("end");
    std::fflush(stdout);
  }

  int epoll_;
  int listener_;
  bool over_ = false;
  std::unordered_map<int, std::string> buffers_;
  std::vector<Arrival> arrivals_;
};

}  // namespace

int main() { Sink().serve(); }
