// What is known of one host over all of its transfers: its open sockets, its TLS
// sessions, and who may dial it next. libcurl has a queue of its own for transfers
// beyond a limit, and wakes one at a time whatever its host: those of a host that
// stalls then keep those of the others asleep. So it never gets more than it can start.
#pragma once

#include <curl/curl.h>

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

#include "webhookcore/base/clock.h"
#include "webhookcore/transport/curl_handles.h"

namespace webhookcore {

class HostPool {
 public:
  // `all_sockets` counts those of all hosts.
  HostPool(ShareHandle made, bool is_https, int& all_sockets)
      : sessions(std::move(made)), https(is_https), all_sockets_(all_sockets) {}

  ShareHandle sessions;  // Each easy handle would keep its own; libcurl 7.88 keeps five there.
  bool https;
  int sockets = 0;          // Open ones, idle or not.
  int users = 0;            // Transfers that wait for this host or are in libcurl.
  int transfers = 0;        // Those in libcurl.
  bool connected = false;   // A connection was ready for a request since the first socket.
  bool http1_only = false;  // Over HTTP/2 an answer of this host was lost.
  std::uint64_t last_use = 0;

  // The last answer came over HTTP/1: waiting for a connection to share would be in vain.
  bool answered_http1 = false;

  bool offers_http2() const { return https && !http1_only; }

  void opened() {
    ++sockets;
    ++all_sockets_;
  }
  void closed() {
    --all_sockets_;
    if (--sockets == 0) connected = false;
  }

 private:
  int& all_sockets_;
};

// All hosts of one transport. They outlive libcurl's loop, whose sockets tell their
// pools when they close.
class HostPools {
 public:
  HostPools(int max_total, int max_per_host)
      : max_total_(max_total > 0 ? max_total : 1),
        max_per_host_(max_per_host > 0 ? max_per_host : 1) {}

  // Made when it is new; it stays while it has users or sockets. nullptr when memory is
  // out.
  HostPool* find(const std::string& host, bool https);

  // Whether another transfer can be given to libcurl now. The first to a host goes
  // alone until its handshake is done, so that the others can share an HTTP/2
  // connection; unless one is `impatient`.
  bool has_room(const HostPool& pool, bool impatient) const;

  void enter(HostPool& pool);
  void leave(HostPool& pool);

  int sockets() const { return sockets_; }

 private:
  void drop_oldest();

  int max_total_;
  int max_per_host_;
  int transfers_ = 0;
  int sockets_ = 0;
  std::uint64_t uses_ = 0;
  std::unordered_map<std::string, std::unique_ptr<HostPool>> pools_;
};

}  // namespace webhookcore
