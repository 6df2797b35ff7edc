// From start() to the moment when libcurl has the transfer: the URL, the name, the room.
#include <algorithm>

#include "webhookcore/transport/curl_error.h"
#include "webhookcore/transport/multi_transfer.h"

namespace webhookcore {
namespace {

// What libcurl gets on top of its own timeout before the loop ends the transfer
// itself: a transfer that waits for a free connection has no timer in libcurl 7.88.
constexpr Duration grace{100};

// How long a transfer waits for another one's handshake to its host. A slower one is not
// worth waiting for.
constexpr Duration handshake_patience{1000};

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
    return line_up(transfer, {});
  }
  if (!url.host.literal) return ask(transfer, url.host.normal);
  line_up(transfer, {});
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
    return line_up(transfer, pin(settings_.proxy->name, settings_.proxy->port, answer.addresses));
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
  line_up(transfer, pin(url.host.normal, url.port, allowed));
}

// As libcurl groups connections: a proxy that is no tunnel is one host for all.
std::string MultiTransport::pool_key(const Transfer& transfer) const {
  const CheckedUrl& url = transfer.url.checked;
  if (settings_.proxy && !url.https) return "http proxy";
  const std::string host = url.host.literal ? to_string(*url.host.literal) : url.host.normal;
  return (url.https ? "https " : "http ") + host + " " + std::to_string(url.port);
}

void MultiTransport::line_up(Transfer& transfer, std::string pin_line) {
  transfer.pool = pools_.find(pool_key(transfer), transfer.url.checked.https);
  if (transfer.pool == nullptr) return end(transfer, TransportError::connect, "out of memory");
  ++transfer.pool->users;
  transfer.pin_line = std::move(pin_line);
  if (pools_.has_room(*transfer.pool, false)) return dial(transfer);
  waiting_.insert(transfer.key);
  set_deadline(transfer, std::min(transfer.ends, clock_.monotonic() + handshake_patience));
}

void MultiTransport::admit_waiting() {
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    Transfer& transfer = *transfers_.at(*at);
    const bool now = pools_.has_room(*transfer.pool, transfer.impatient);
    at = now ? waiting_.erase(at) : std::next(at);
    if (now) dial(transfer);
  }
}

std::unique_ptr<CurlRequest> MultiTransport::take_request() {
  if (idle_.empty()) {
    return CurlRequest::create(settings_.defaults, settings_.proxy ? nullptr : &guard_);
  }
  auto request = std::move(idle_.back());
  idle_.pop_back();
  return request;
}

void MultiTransport::dial(Transfer& transfer) {
  const Duration deadline = transfer.started + transfer.attempt.timeout;
  const Duration remaining = deadline - clock_.monotonic();
  if (remaining <= Duration::zero()) {
    return end(transfer, TransportError::timeout, "no time was left to connect");
  }
  auto request = take_request();
  CurlRequest::Target target{std::move(transfer.url.handle), transfer.pool,
                             std::move(transfer.pin_line)};
  if (!request || !request->prepare(transfer.attempt, std::move(target), remaining, &transfer) ||
      curl_multi_add_handle(multi_.get(), request->easy()) != CURLM_OK) {
    return end(transfer, TransportError::connect, "libcurl took no further transfer");
  }
  transfer.request = std::move(request);
  pools_.enter(*transfer.pool);
  set_deadline(transfer, deadline + grace);
}

// For a handshake that takes too long, or at all.
void MultiTransport::stop_waiting(Transfer& transfer, Duration now) {
  const Duration deadline = transfer.started + transfer.attempt.timeout;
  if (now >= deadline) {
    return end(transfer, TransportError::timeout, "no connection to the host became free");
  }
  transfer.impatient = true;
  set_deadline(transfer, deadline);
}

}  // namespace webhookcore
