// Takes a response apart as libcurl hands it over, under caps of our own: libcurl
// 7.88 lets endless trailers grow without bound and counts no chunked body
// (reliability.md 0.8). Knows no curl and no socket.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "webhookcore/core/headers.h"
#include "webhookcore/transport/transport.h"

namespace webhookcore {

class ResponseReader {
 public:
  static constexpr std::size_t max_head_bytes =
      std::size_t{64} * 1024;  // With 1xx heads and trailers.
  static constexpr std::size_t kept_head_bytes = std::size_t{4} * 1024;

  explicit ResponseReader(BodyLimits limits = {}) : limits_(limits) {}

  // One line with its line end: status lines, header lines and trailers of every
  // response, 1xx ones too. False: read no further.
  bool take_header_line(std::string_view line);
  // False: the cap is reached, read no further.
  bool take_body(std::string_view bytes);

  // Of the final response, once its whole head has come; whatever follows cannot
  // take it back (reliability.md S7).
  std::optional<int> status() const { return head_complete_ ? status_ : std::nullopt; }
  // What was wrong with the head, or empty.
  const std::string& problem() const { return problem_; }

  std::vector<OwnedHeader> take_headers() { return std::move(headers_); }
  std::string take_kept_body() { return std::move(body_); }

 private:
  bool begin_head(std::string_view line);
  bool end_head();
  void keep(std::string_view line);

  BodyLimits limits_;
  std::optional<int> status_;  // Of the head being read.
  bool head_complete_ = false;
  bool retry_after_kept_ = false;
  std::size_t head_bytes_ = 0;
  std::size_t body_bytes_ = 0;
  std::size_t kept_bytes_ = 0;
  std::vector<OwnedHeader> headers_;
  std::string body_;
  std::string problem_;
};

}  // namespace webhookcore
