#include "webhookcore/transport/multi_transport.h"

#include <algorithm>

#include "webhookcore/transport/curl_error.h"
#include "webhookcore/transport/multi_transfer.h"

namespace webhookcore {
namespace {

constexpr Duration longest_poll{std::chrono::minutes{1}};

}  // namespace

MultiTransport::MultiTransport(TransportSettings settings, AddressPolicy policy,
                               std::shared_ptr<Resolver> resolver, MultiHandle multi)
    : settings_(std::move(settings)),
      guard_(std::move(policy)),
      resolver_(std::move(resolver)),
      pools_(settings_.max_connections, settings_.max_connections_per_host),
      multi_(std::move(multi)),
      idle_sweep_(settings_.defaults.max_idle),
      box_(std::make_shared<WakeBox>(multi_.get())) {
  const long total = std::max(settings_.max_connections, 1);
  const long per_host = std::max(settings_.max_connections_per_host, 1);
  curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, total);
  curl_multi_setopt(multi_.get(), CURLMOPT_MAX_TOTAL_CONNECTIONS, total);
  curl_multi_setopt(multi_.get(), CURLMOPT_MAX_HOST_CONNECTIONS, per_host);
}

MultiTransport::~MultiTransport() {
  box_->close();
  cancel_all();
  // Easy handles go before the multi, which closes the connections last. Nothing here
  // waits: libcurl never resolved a name, so it has no thread to join.
  idle_.clear();
}

std::vector<TransferResult> MultiTransport::poll(Duration wait) {
  const Duration until = clock_.monotonic() + wait;
  while (step()) {
    const Duration left = std::min(until - clock_.monotonic(), longest_poll);
    if (left <= Duration::zero() || box_->take_wake()) break;
    const auto ms = static_cast<int>(std::min(left, until_next_deadline()).count());
    if (curl_multi_poll(multi_.get(), nullptr, 0, ms, nullptr) != CURLM_OK) break;
  }
  return std::exchange(ended_, {});
}

// False when something has ended.
bool MultiTransport::step() {
  take_answers();
  int running = 0;
  if (const CURLMcode code = curl_multi_perform(multi_.get(), &running); code != CURLM_OK) {
    // The loop itself is broken, which no single transfer can be blamed for.
    for (TransferResult& result : cancel_all()) {
      if (!result.status) result.error_text = error_text(curl_multi_strerror(code));
      ended_.push_back(std::move(result));
    }
    return false;
  }
  collect();
  expire();
  admit_waiting();
  if (pools_.sockets() > 0) idle_sweep_.run(multi_.get(), clock_.monotonic());
  return ended_.empty();
}

void MultiTransport::collect() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    if (idle_sweep_.ended(multi_.get(), message->easy_handle)) continue;
    char* owner = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &owner);
    end_in_curl(*static_cast<Transfer*>(static_cast<void*>(owner)), code);
  }
}

void MultiTransport::expire() {
  const Duration now = clock_.monotonic();
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    Transfer& transfer = *transfers_.at(deadlines_.begin()->second);
    if (transfer.request) {
      end_in_curl(transfer, CURLE_OPERATION_TIMEDOUT);
    } else if (transfer.pool != nullptr) {
      stop_waiting(transfer, now);
    } else {
      end(transfer, TransportError::dns, "the name was not resolved in time");
    }
  }
}

// For a transfer that libcurl never had.
void MultiTransport::end(Transfer& transfer, TransportError error, std::string_view text) {
  TransferResult result;
  result.error = error;
  result.error_text = error_text(text);
  forget(transfer, std::move(result));
}

void MultiTransport::end_in_curl(Transfer& transfer, CURLcode code) {
  curl_multi_remove_handle(multi_.get(), transfer.request->easy());
  pools_.leave(*transfer.pool);
  TransferResult result;
  transfer.request->finish(code, transfer.dns.value_or(Duration::zero()), result);
  if (transfer.request->may_have_lost_answer(code)) transfer.pool->http1_only = true;
  if (const auto http1 = transfer.request->answered_http1()) {
    transfer.pool->answered_http1 = *http1;
  }
  transfer.request->clear();
  idle_.push_back(std::move(transfer.request));
  forget(transfer, std::move(result));
}

void MultiTransport::forget(Transfer& transfer, TransferResult result) {
  result.id = transfer.id;
  result.duration = clock_.monotonic() - transfer.started;
  result.phases.dns = transfer.dns;
  ended_.push_back(std::move(result));
  if (transfer.pool != nullptr) --transfer.pool->users;
  waiting_.erase(transfer.key);
  deadlines_.erase({transfer.ends, transfer.key});
  transfers_.erase(transfer.key);
}

std::vector<TransferResult> MultiTransport::cancel_all() {
  while (!transfers_.empty()) {
    Transfer& transfer = *transfers_.begin()->second;
    if (transfer.request) {
      end_in_curl(transfer, CURLE_ABORTED_BY_CALLBACK);
    } else {
      end(transfer, TransportError::cancelled, "cancelled");
      continue;
    }
    TransferResult& result = ended_.back();
    if (result.status) continue;
    result.error = TransportError::cancelled;
    result.error_text = "cancelled";
  }
  return std::exchange(ended_, {});
}

void MultiTransport::set_deadline(Transfer& transfer, Duration at) {
  deadlines_.erase({transfer.ends, transfer.key});
  transfer.ends = at;
  deadlines_.insert({at, transfer.key});
}

Duration MultiTransport::until_next_deadline() const {
  Duration next = clock_.monotonic() + longest_poll;
  if (!deadlines_.empty()) next = std::min(next, deadlines_.begin()->first);
  if (pools_.sockets() > 0) next = std::min(next, idle_sweep_.due());
  return std::max(next - clock_.monotonic(), Duration::zero());
}

}  // namespace webhookcore
