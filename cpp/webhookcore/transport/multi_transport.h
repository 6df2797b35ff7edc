// The loop: one libcurl multi handle and the transfers in it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "webhookcore/base/clock.h"
#include "webhookcore/transport/address_guard.h"
#include "webhookcore/transport/ca_bundle.h"
#include "webhookcore/transport/curl_handles.h"
#include "webhookcore/transport/curl_request.h"
#include "webhookcore/transport/egress.h"
#include "webhookcore/transport/host_pool.h"
#include "webhookcore/transport/idle_sweep.h"
#include "webhookcore/transport/resolver.h"
#include "webhookcore/transport/transport.h"
#include "webhookcore/transport/wake_box.h"

namespace webhookcore {

struct TransportSettings {
  RequestDefaults defaults;
  CaFile ca_file;  // What the defaults name lives as long as this.
  std::optional<ProxyHost> proxy;
  int max_connections = 0;
  int max_connections_per_host = 0;
};

// Made by make_curl_transport(), which checks the settings. Names go to the
// resolver, whose answer is judged and pinned; libcurl itself never resolves one.
class MultiTransport final : public Transport {
 public:
  MultiTransport(TransportSettings settings, AddressPolicy policy,
                 std::shared_ptr<Resolver> resolver, MultiHandle multi);
  MultiTransport(const MultiTransport&) = delete;
  MultiTransport& operator=(const MultiTransport&) = delete;
  ~MultiTransport() override;

  void start(TransferId id, HttpAttempt attempt) override;
  std::vector<TransferResult> poll(Duration wait) override;
  std::vector<TransferResult> cancel_all() override;
  void wake() override { box_->wake(); }

  // Connections that are open, idle ones too.
  int open_connections() const { return pools_.sockets(); }

  // Holds for every request that is not yet on the wire, on open connections too.
  void set_policy(AddressPolicy policy) { guard_ = AddressGuard{std::move(policy)}; }

 private:
  struct Transfer;

  void refuse(TransferId id, TransportError error, std::string_view text);
  void find_addresses(Transfer& transfer);
  void ask(Transfer& transfer, const std::string& name);
  void take_answers();
  void take_answer(Transfer& transfer, const Resolution& answer);
  void line_up(Transfer& transfer, std::string pin_line);
  void admit_waiting();
  void dial(Transfer& transfer);
  bool step();
  void collect();
  void expire();
  void stop_waiting(Transfer& transfer, Duration now);
  void end(Transfer& transfer, TransportError error, std::string_view text);
  void end_in_curl(Transfer& transfer, CURLcode code);
  void forget(Transfer& transfer, TransferResult result);
  void set_deadline(Transfer& transfer, Duration at);
  Duration until_next_deadline() const;
  std::unique_ptr<CurlRequest> take_request();
  std::string pool_key(const Transfer& transfer) const;

  SystemClock clock_;
  TransportSettings settings_;
  AddressGuard guard_;
  std::shared_ptr<Resolver> resolver_;
  HostPools pools_;  // Before the loop, whose sockets tell them when they close.
  MultiHandle multi_;
  IdleSweep idle_sweep_;
  std::shared_ptr<WakeBox> box_;  // Shared with the resolver's answers, which may outlive this.
  std::uint64_t last_key_ = 0;
  std::map<std::uint64_t, std::unique_ptr<Transfer>> transfers_;
  std::set<std::pair<Duration, std::uint64_t>> deadlines_;
  std::set<std::uint64_t> waiting_;  // For room at their host; in the order of their start.
  std::vector<std::unique_ptr<CurlRequest>> idle_;
  std::vector<TransferResult> ended_;
};

}  // namespace webhookcore
