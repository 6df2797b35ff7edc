// What the loop knows of one transfer; private to multi_*.cpp.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "webhookcore/transport/multi_transport.h"
#include "webhookcore/transport/parsed_url.h"

namespace webhookcore {

struct MultiTransport::Transfer {
  TransferId id = 0;
  std::uint64_t key = 0;  // Never used twice, unlike an id: a late answer finds nobody.
  HttpAttempt attempt;
  ParsedUrl url;
  Duration started{};
  Duration ends{};                   // As entered in the deadlines.
  std::optional<Duration> dns = {};  // Absent for a literal address.
  HostPool* pool = nullptr;          // Absent while the name is being resolved.
  std::string pin_line = {};
  bool impatient = false;                // Waited long enough for another's handshake.
  std::unique_ptr<CurlRequest> request;  // Absent until libcurl has the transfer.
};

}  // namespace webhookcore
