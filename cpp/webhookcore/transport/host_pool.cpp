#include "webhookcore/transport/host_pool.h"

namespace webhookcore {
namespace {

// A host takes about 3 KiB with its sessions. Past this the one that was not used for
// longest is forgotten; what is lost is a full handshake.
constexpr std::size_t most_hosts = 1024;

ShareHandle make_sessions() {
  ShareHandle share{curl_share_init()};
  if (share &&
      curl_share_setopt(share.get(), CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION) != CURLSHE_OK) {
    share.reset();
  }
  return share;
}

bool is_unused(const HostPool& pool) { return pool.users == 0 && pool.sockets == 0; }

}  // namespace

HostPool* HostPools::find(const std::string& host, bool https) {
  const auto found = pools_.find(host);
  if (found != pools_.end()) {
    found->second->last_use = ++uses_;
    return found->second.get();
  }
  auto sessions = make_sessions();
  if (!sessions) return nullptr;
  if (pools_.size() >= most_hosts) drop_oldest();
  auto pool = std::make_unique<HostPool>(std::move(sessions), https, sockets_);
  pool->last_use = ++uses_;
  return pools_.emplace(host, std::move(pool)).first->second.get();
}

void HostPools::drop_oldest() {
  auto oldest = pools_.end();
  for (auto at = pools_.begin(); at != pools_.end(); ++at) {
    const HostPool& pool = *at->second;
    if (!is_unused(pool)) continue;
    if (oldest == pools_.end() || pool.last_use < oldest->second->last_use) oldest = at;
  }
  if (oldest != pools_.end()) pools_.erase(oldest);
}

bool HostPools::has_room(const HostPool& pool, bool impatient) const {
  if (transfers_ >= max_total_ || pool.transfers >= max_per_host_) return false;
  return !pool.offers_http2() || pool.answered_http1 || pool.connected || pool.transfers == 0 ||
         impatient;
}

void HostPools::enter(HostPool& pool) {
  ++transfers_;
  ++pool.transfers;
}

void HostPools::leave(HostPool& pool) {
  --transfers_;
  --pool.transfers;
}

}  // namespace webhookcore
