// Just enough of HTTP/2 for a server that misbehaves on purpose.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/loopback_server.h"

namespace webhookcore::test::http2 {

inline std::string frame(unsigned char type, unsigned char flags, unsigned char stream,
                         std::string_view payload = {}) {
  std::string bytes{'\0', '\0', static_cast<char>(payload.size()), static_cast<char>(type),
                    static_cast<char>(flags)};
  bytes.append(3, '\0');
  bytes.push_back(static_cast<char>(stream));
  bytes.append(payload);
  return bytes;
}

inline constexpr unsigned char data_frame = 0;
inline constexpr unsigned char headers_frame = 1;
inline constexpr unsigned char reset_frame = 3;
inline constexpr unsigned char settings_frame = 4;
inline constexpr unsigned char ping_frame = 6;
inline constexpr unsigned char goaway_frame = 7;
inline constexpr unsigned char end_stream = 1;
inline constexpr unsigned char end_headers = 4;
inline constexpr unsigned char acknowledge = 1;
inline const std::string no_error(4, '\0');
inline const std::string internal_error{"\0\0\0\x02", 4};
inline const std::string refused_stream{"\0\0\0\x07", 4};
inline const std::string status_200{"\x88"};  // Row 8 of the static table (RFC 7541, appendix A).

// The receiver goes away after it has worked on the streams up to `last`.
inline std::string goaway(unsigned char last, const std::string& error = no_error) {
  return frame(goaway_frame, 0, 0, std::string(3, '\0') + static_cast<char>(last) + error);
}

inline std::string whole_answer(unsigned char stream) {
  return frame(headers_frame, end_headers | end_stream, stream, status_200);
}

// One connection from its preface on; frames of its client one after the other.
class Session {
 public:
  explicit Session(Connection& connection) : connection_(connection) {}

  // Preface and settings; `settings` is the payload of ours.
  bool greet(std::string_view settings = {}) {
    constexpr std::string_view preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    while (pending_.size() < preface.size()) {
      if (!read_more()) return false;
    }
    pending_.erase(0, preface.size());
    return connection_.send(frame(settings_frame, 0, 0, settings) +
                            frame(settings_frame, acknowledge, 0));
  }

  // Reads up to the end of so many bodies; the streams they belong to, in that order.
  std::vector<unsigned char> await_bodies(std::size_t count) {
    std::vector<unsigned char> streams;
    while (streams.size() < count) {
      const auto head = next_frame();
      if (!head) break;
      if (head->type == data_frame && (head->flags & end_stream) != 0) {
        streams.push_back(head->stream);
      }
    }
    return streams;
  }

  // Sends a PING and waits for its echo: the client has then read all that came before.
  bool await_acknowledged_ping(Connection& connection) {
    connection.send(frame(ping_frame, 0, 0, "12345678"));
    while (const auto head = next_frame()) {
      if (head->type == ping_frame && (head->flags & acknowledge) != 0) return true;
    }
    return false;
  }

  // Reads up to the end of the stream's body, or its HEADERS where `awaited` says so.
  bool await(unsigned char stream, unsigned char awaited = data_frame) {
    while (const auto head = next_frame()) {
      const bool is_last = awaited == headers_frame || (head->flags & end_stream) != 0;
      if (head->type == awaited && head->stream == stream && is_last) return true;
    }
    return false;
  }

 private:
  struct Head {
    unsigned char type, flags, stream;
  };

  std::optional<Head> next_frame() {
    for (;;) {
      const auto at = [&](std::size_t i) { return static_cast<unsigned char>(pending_[i]); };
      if (pending_.size() >= 9) {
        const std::size_t size = 9 + (std::size_t{at(0)} << 16U | at(1) << 8U | at(2));
        if (pending_.size() >= size) {
          const Head head{at(3), at(4), at(8)};
          pending_.erase(0, size);
          return head;
        }
      }
      if (!read_more()) return std::nullopt;
    }
  }

  bool read_more() {
    const auto bytes = connection_.receive();
    if (bytes) pending_ += *bytes;
    return bytes.has_value();
  }

  Connection& connection_;
  std::string pending_;
};

}  // namespace webhookcore::test::http2
