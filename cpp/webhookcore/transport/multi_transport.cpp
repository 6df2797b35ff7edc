#include "webhookcore/transport/multi_transport.h"

#include <algorithm>

#include "webhookcore/transport/curl_error.h"
#include "webhookcore/transport/parsed_url.h"

namespace webhookcore {
namespace {

// What libcurl gets on top of its own timeout before the loop ends the transfer
// itself: a transfer that waits for a free connection has no timer in libcurl 7.88.
constexpr Duration grace{100};
constexpr Duration longest_poll{std::chrono::minutes{1}};

std::string pin(const std::string& host, std::uint16_t port,
                const std::vector<IpAddress>& addresses) {
  // The plus lets the pin age; without it libcurl would keep it for good.
  std::string line = "+" + host + ":" + std::to_string(port) + ":";
  for (const IpAddress& address : addresses) {
    if (&address != &addresses.front()) line += ",";
    const std::string text = to_string(address);
    line += address.family == IpAddress::Family::v6 ? "[" + text + "]" : text;
  }
  return line;
}

}  // namespace

struct MultiTransport::Transfer {
  TransferId id = 0;
  std::uint64_t key = 0;  // Never used twice, unlike an id: a late answer finds nobody.
  HttpAttempt attempt;
  ParsedUrl url;
  Duration started{};
  Duration ends{};                       // As entered in the deadlines.
  std::optional<Duration> dns = {};      // Absent for a literal address.
  std::unique_ptr<CurlRequest> request;  // Absent while the name is being resolved.
};

MultiTransport::MultiTransport(TransportSettings settings, AddressPolicy policy,
                               std::shared_ptr<Resolver> resolver, MultiHandle multi)
    : settings_(std::move(settings)),
      guard_(std::move(policy)),
      resolver_(std::move(resolver)),
      multi_(std::move(multi)),
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

void MultiTransport::refuse(TransferId id, TransportError error, std::string_view text) {
  TransferResult result;
  result.id = id;
  result.error = error;
  result.error_text = error_text(text);
  ended_.push_back(std::move(result));
}

void MultiTransport::start(TransferId id, HttpAttempt attempt) {
  auto url = parse_url(guard_.policy(), attempt.url);
  if (!url) {
    const bool blocked = url.error().code == ErrorCode::blocked_address;
    return refuse(id, blocked ? TransportError::blocked_address : TransportError::invalid_url,
                  url.error().detail);
  }
  if (const auto problem = problem_of(attempt); !problem.empty()) {
    return refuse(id, TransportError::invalid_request, problem);
  }
  auto owned = std::make_unique<Transfer>();
  Transfer& transfer = *owned;
  transfer.id = id;
  transfer.key = ++last_key_;
  transfer.attempt = std::move(attempt);
  transfer.url = *std::move(url);
  transfer.started = clock_.monotonic();
  transfers_.emplace(transfer.key, std::move(owned));
  set_deadline(transfer, transfer.started + transfer.attempt.timeout);
  find_addresses(transfer);
}

void MultiTransport::find_addresses(Transfer& transfer) {
  const CheckedUrl& url = transfer.url.checked;
  if (url.host.literal) {
    if (const auto reason = guard_.denied_because(*url.host.literal)) {
      return end(transfer, TransportError::blocked_address,
                 to_string(*url.host.literal) + ": " + std::string{*reason});
    }
  }
  if (settings_.proxy) {
    if (!settings_.proxy->literal) return ask(transfer, settings_.proxy->name);
    return dial(transfer, {});
  }
  if (!url.host.literal) return ask(transfer, url.host.normal);
  dial(transfer, {});
}

void MultiTransport::ask(Transfer& transfer, const std::string& name) {
  resolver_->resolve(name, [box = box_, key = transfer.key](Resolution answer) {
    box->answer(key, std::move(answer));
  });
}

void MultiTransport::take_answers() {
  for (auto& [key, answer] : box_->take_answers()) {
    const auto found = transfers_.find(key);
    if (found == transfers_.end() || found->second->dns) continue;  // Given up on, or told twice.
    take_answer(*found->second, answer);
  }
}

void MultiTransport::take_answer(Transfer& transfer, const Resolution& answer) {
  transfer.dns = clock_.monotonic() - transfer.started;
  if (answer.addresses.empty()) {
    return end(transfer, TransportError::dns,
               answer.error.empty() ? "the name has no address" : answer.error);
  }
  if (settings_.proxy) {
    return dial(transfer, pin(settings_.proxy->name, settings_.proxy->port, answer.addresses));
  }
  std::vector<IpAddress> allowed;
  std::string denied;
  for (const IpAddress& address : answer.addresses) {
    if (const auto reason = guard_.denied_because(address)) {
      denied += (denied.empty() ? "" : ", ") + to_string(address) + ": " + std::string{*reason};
    } else {
      allowed.push_back(address);
    }
  }
  if (allowed.empty()) return end(transfer, TransportError::blocked_address, denied);
  const CheckedUrl& url = transfer.url.checked;
  dial(transfer, pin(url.host.normal, url.port, allowed));
}

std::unique_ptr<CurlRequest> MultiTransport::take_request() {
  if (idle_.empty()) {
    return CurlRequest::create(settings_.defaults, settings_.proxy ? nullptr : &guard_);
  }
  auto request = std::move(idle_.back());
  idle_.pop_back();
  return request;
}

void MultiTransport::dial(Transfer& transfer, std::string pin_line) {
  const Duration deadline = transfer.started + transfer.attempt.timeout;
  const Duration remaining = deadline - clock_.monotonic();
  if (remaining <= Duration::zero()) {
    return end(transfer, TransportError::timeout, "no time was left to connect");
  }
  auto request = take_request();
  CurlRequest::Target target{std::move(transfer.url.handle), transfer.url.checked.https,
                             std::move(pin_line)};
  if (!request || !request->prepare(transfer.attempt, std::move(target), remaining, &transfer) ||
      curl_multi_add_handle(multi_.get(), request->easy()) != CURLM_OK) {
    return end(transfer, TransportError::connect, "libcurl took no further transfer");
  }
  transfer.request = std::move(request);
  set_deadline(transfer, deadline + grace);
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
  return ended_.empty();
}

void MultiTransport::collect() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
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
  TransferResult result;
  transfer.request->finish(code, transfer.dns.value_or(Duration::zero()), result);
  transfer.request->clear();
  idle_.push_back(std::move(transfer.request));
  forget(transfer, std::move(result));
}

void MultiTransport::forget(Transfer& transfer, TransferResult result) {
  result.id = transfer.id;
  result.duration = clock_.monotonic() - transfer.started;
  result.phases.dns = transfer.dns;
  ended_.push_back(std::move(result));
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
  if (deadlines_.empty()) return longest_poll;
  return std::max(deadlines_.begin()->first - clock_.monotonic(), Duration::zero());
}

}  // namespace webhookcore
