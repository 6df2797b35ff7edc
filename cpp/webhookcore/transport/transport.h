// One HTTP attempt at a time, many at once. The interface that the engine sees;
// curl_transport.cpp is the real one.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "webhookcore/base/clock.h"
#include "webhookcore/core/headers.h"
#include "webhookcore/core/outcome.h"

namespace webhookcore {

using TransferId = std::uint64_t;

struct BodyLimits {
  std::size_t read = std::size_t{64} * 1024;  // A longer body is not read to its end.
  std::size_t kept = std::size_t{4} * 1024;
};

struct HttpAttempt {
  std::string url;
  std::string method = "POST";
  std::vector<OwnedHeader> headers;
  std::shared_ptr<const std::string> body;  // Kept alive by the transport until it is done.
  Duration connect_timeout{std::chrono::seconds{5}};
  Duration timeout{std::chrono::seconds{10}};  // DNS, connect, TLS, headers and body together.
  BodyLimits response_body = {};
};

struct TransferPhases {  // Since the start; absent: not reached.
  std::optional<Duration> dns = {};
  std::optional<Duration> connect = {};
  std::optional<Duration> tls = {};
  std::optional<Duration> first_byte = {};
};

struct TransferResult {
  TransferId id = 0;
  std::optional<int> status = {};  // Of the final response head, when all of it came.
  TransportError error = TransportError::none;
  std::string error_text = {};  // At most 200 bytes, no secret.
  std::string dialled_address = {};
  Duration duration{};
  TransferPhases phases = {};
  std::vector<OwnedHeader> response_headers = {};  // At most 64 KiB read, 4 KiB kept.
  std::string response_body = {};                  // By the attempt's limits.
  bool is_whole = false;  // All of the response came: no limit, deadline or reset cut it off.
};

// All methods but wake() belong to one thread. A transport survives no fork: the
// child leaks it and makes its own.
class Transport {
 public:
  virtual ~Transport() = default;

  // Never fails: what is wrong with the attempt arrives as its result.
  virtual void start(TransferId id, HttpAttempt attempt) = 0;

  // Moves transfers on until one ends, wake() is called or `wait` is over, and
  // returns the ended ones.
  virtual std::vector<TransferResult> poll(Duration wait) = 0;

  // Ends every transfer now; their results (TransportError::cancelled, unless the
  // response head had come) are returned.
  virtual std::vector<TransferResult> cancel_all() = 0;

  // From any thread: lets poll() return early.
  virtual void wake() = 0;
};

}  // namespace webhookcore
