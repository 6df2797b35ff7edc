#include "webhookcore/engine/writer.h"

#include <algorithm>
#include <utility>

namespace webhookcore {

namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kLargestClaim = 256;
// Rows that other processes enqueue are found by looking, at most this late; the look
// is one index entry.
constexpr Duration kLongestLook = 200ms;
// A row that is due and cannot be claimed (another process was faster) is not asked
// for again before this: nothing here may spin.
constexpr Duration kShortestLook = 100ms;
constexpr Duration kFirstPause = 50ms;
constexpr Duration kLongestPause = 2s;
// How long after the drain a failing store is tried before its records are given up;
// their deliveries are claimed and sent again by whoever comes next.
constexpr Duration kLastTries = 500ms;

void count(RunCounts& counts, const AttemptEvent& event) {
  ++counts.attempts;
  if (event.state == DeliveryState::delivered) {
    ++counts.delivered;
    return;
  }
  ++counts.failed_attempts;
  if (event.state == DeliveryState::dead) ++counts.dead;
}

}  // namespace

Writer::Writer(std::shared_ptr<Session> session)
    : session_(std::move(session)),
      store_(*session_->parts.store),
      endpoints_(store_),
      keys_(store_, *session_->parts.events),
      reaper_(store_, session_->parts.options.sweep_every),
      probes_(store_, session_->parts.options.breaker_open_for,
              session_->parts.options.sweep_every),
      watch_(store_, session_->parts.options.watch),
      replayer_(store_, session_->parts.options.sweep_every),
      pruner_(store_, session_->parts.options),
      queue_(store_) {}

void Writer::run() {
  while (true) {
    session_->stand_still_if_asked(&Session::writer_parked);
    const Round round = next_round();
    if (round.park) continue;
    work(round);
    if (is_over(round)) break;
  }
  // After the last record: whoever takes over must not reap what is being recorded.
  store_.stop_leading();
  {
    const std::lock_guard lock(session_->mutex);
    session_->writer_done = true;
  }
  session_->state_cv.notify_all();
}

// Waits until there is something to do, and takes it.
Writer::Round Writer::next_round() {
  std::unique_lock lock(session_->mutex);
  // The alarm is set anew after each wake: it may have been for orders that have come.
  for (SteadyTime alarm = wake_at(); !has_work() && SteadyClock::now() < alarm;
       alarm = std::min(alarm, wake_at())) {
    session_->writer_cv.wait_until(lock, alarm);
  }
  if (session_->park_asked) return {.park = true};
  take_orders();
  session_->poked = false;
  return {.room = session_->wants_claim() ? session_->room : 0,
          .question = session_->questions,
          .stopping = session_->stopping,
          .loop_done = session_->loop_done,
          .drain_until = session_->drain_until};
}

void Writer::take_orders() {
  queue_.add(std::exchange(session_->orders, {}));
  if (!session_->loop_done) return;
  // Claimed while the loop was ending: nobody will send these.
  Orders unsent;
  const TimePoint now = session_->parts.clock.now();
  for (const ReadyDelivery& delivery : std::exchange(session_->ready, {})) {
    unsent.put_backs.push_back({delivery.claimed.key, delivery.claimed.token, now});
  }
  queue_.add(std::move(unsent));
}

// While the store fails nothing counts but the end of the pause, a fork, and the end
// of the loop.
bool Writer::has_work() const {
  if (session_->park_asked) return true;
  if (pause_ > 0ms) return false;
  const SteadyTime now = SteadyClock::now();
  return session_->orders_are_due(now) || session_->poked ||
         (session_->stopping && session_->loop_done) ||
         (session_->wants_claim() && now >= look_again_at_);
}

SteadyTime Writer::wake_at() const {
  const SteadyTime now = SteadyClock::now();
  if (pause_ > 0ms) return now + pause_;
  SteadyTime at = session_->wants_claim() ? look_again_at_ : now + kLongestLook;
  if (!session_->orders.attempts.empty() || !session_->orders.put_backs.empty()) {
    at = std::min(at, session_->orders_since + kLongestGathering);
  }
  return at;
}

void Writer::work(const Round& round) {
  const TimePoint now = session_->parts.clock.now();
  auto flushed = queue_.flush(now);
  const auto trouble = flushed.trouble;
  const bool moved_breakers = flushed.moved_breakers;
  settle(std::move(flushed));
  if (trouble) return note(*trouble);
  if (round.stopping) return note({});

  const Moment both = session_->now();
  if (const auto done = keys_.step(both.wall, both.monotonic); !done.ok()) return note(done);
  const auto leads = lead();
  if (!leads.ok()) return note(leads.error());
  if (!*leads) return note(stand_by(round));
  if (auto swept = sweep(moved_breakers); !swept.ok()) return note(swept);
  if (const auto done = replayer_.step(both.wall, both.monotonic); !done.ok()) return note(done);
  const auto claimed = claim(round.room);
  if (!claimed.ok()) return note(claimed.error());
  if (const auto done = look_ahead(round, *claimed); !done.ok()) return note(done);
  // Last, so that on a full disk nothing else waits for them.
  if (const auto done = reaper_.note_time(both.wall, both.monotonic); !done.ok()) return note(done);
  note(pruner_.step(both.wall, both.monotonic));
}

void Writer::settle(RecordQueue::Flushed flushed) {
  open_work_ -= std::min(open_work_, flushed.settled);
  {
    const std::lock_guard lock(session_->mutex);
    for (const AttemptEvent& event : flushed.events) {
      if (event.recorded) count(session_->counts, event);
    }
  }
  for (AttemptEvent& event : flushed.events) session_->parts.events->add(std::move(event));
}

// One process of a host delivers (reliability.md, section 6); the others ask at each look
// whether its place is free. Nobody else can take it away again, but one that lacks a key of
// the store steps back for a moment now and then, for one that has it.
Result<bool> Writer::lead() {
  if (keys_.steps_back(session_->now().monotonic)) {
    if (leads_) store_.stop_leading();
    return leads_ = false;
  }
  if (leads_) return true;
  const auto leads = store_.lead();
  if (!leads.ok()) return leads.error();
  leads_ = *leads;
  const std::lock_guard lock(session_->mutex);
  session_->role = leads_ ? EngineRole::leading : EngineRole::standby;
  return leads_;
}

// Idle is then what the other process has left nothing of.
Result<void> Writer::stand_by(const Round& round) {
  const auto due = store_.next_due_at();
  if (!due.ok()) return due.error();
  const auto busy = store_.busy_until();
  if (!busy.ok()) return busy.error();
  const auto in_flight = store_.anything_in_flight();
  if (!in_flight.ok()) return in_flight.error();
  look_again_at_ = SteadyClock::now() + kLongestLook;
  {
    const std::lock_guard lock(session_->mutex);
    session_->busy_until = std::max(session_->busy_until, *busy);
    session_->answer = {round.question, open_work_ == 0 && queue_.empty() && !*in_flight, *due};
    session_->unreadable = *due ? keys_.trouble(session_->now().monotonic) : std::nullopt;
  }
  session_->state_cv.notify_all();
  return {};
}

Result<void> Writer::sweep(bool moved_breakers) {
  const auto [now, monotonic] = session_->now();
  const auto reaped = reaper_.step(now, monotonic);
  if (!reaped.ok()) return reaped.error();
  if (auto done = probes_.step(now, monotonic, moved_breakers); !done.ok()) return done;
  return watch_.step(now, monotonic);
}

// Returns how many were claimed.
Result<std::size_t> Writer::claim(std::size_t limit) {
  if (limit == 0) return std::size_t{0};
  if (auto refreshed = endpoints_.refresh(); !refreshed.ok()) return refreshed.error();
  auto claimed = store_.claim_due(session_->parts.clock.now(), std::min(limit, kLargestClaim),
                                  session_->parts.options.lease);
  if (!claimed.ok()) return claimed.error();
  const std::size_t count = claimed->size();
  open_work_ += count;
  if (count > 0) prepare(std::move(claimed).value());
  return count;
}

void Writer::prepare(std::vector<ClaimedDelivery> claimed) {
  const Moment now = session_->now();
  std::vector<ReadyDelivery> ready;
  Orders unread;
  for (ClaimedDelivery& delivery : claimed) {
    auto endpoint = endpoints_.get(delivery.endpoint_id, now.wall);
    if (endpoint.ok()) {
      ready.push_back({std::move(delivery), std::move(endpoint).value(), now.monotonic});
    } else {  // Where the whole store fails to read, the next flush says so.
      keys_.note_unread(delivery.endpoint_id, endpoint.error(), now.monotonic);
      unread.put_backs.push_back({delivery.key, delivery.token, now.wall + kLongestPause});
    }
  }
  queue_.add(std::move(unread));
  const std::lock_guard lock(session_->mutex);
  session_->room -= std::min(session_->room, ready.size());
  session_->ready.insert(session_->ready.end(), std::make_move_iterator(ready.begin()),
                         std::make_move_iterator(ready.end()));
  if (session_->transport) session_->transport->wake();
}

// When to look again, and the answer to whoever waits for idleness. What is due and
// could not be claimed although there was room is somebody else's or forbidden: asking
// for it again at once would spin.
Result<void> Writer::look_ahead(const Round& round, std::size_t claimed) {
  auto due = store_.next_due_at();
  if (!due.ok()) return due.error();
  const auto busy = store_.busy_until();
  if (!busy.ok()) return busy.error();
  if (probes_.next_at()) *due = std::min(*probes_.next_at(), due->value_or(*probes_.next_at()));
  Duration wait = kLongestLook;
  if (*due) {
    const bool in_vain = round.room > 0 && claimed == 0;
    const Duration left = **due - session_->parts.clock.now();
    wait = std::clamp(left, in_vain && left <= 0ms ? kShortestLook : 0ms, kLongestLook);
  }
  look_again_at_ = SteadyClock::now() + wait;
  {
    const std::lock_guard lock(session_->mutex);
    session_->busy_until = std::max(session_->busy_until, *busy);
    session_->answer = {round.question,
                        open_work_ == 0 && queue_.empty() && !replayer_.is_working(), *due};
    session_->unreadable = *due ? keys_.trouble(session_->now().monotonic) : std::nullopt;
  }
  session_->state_cv.notify_all();
  return {};
}

void Writer::note(const Result<void>& result) {
  pause_ = result.ok() ? 0ms : std::clamp(2 * pause_, kFirstPause, kLongestPause);
  {
    const std::lock_guard lock(session_->mutex);
    session_->store_trouble = result.ok() ? std::nullopt : std::optional(result.error());
  }
  if (!result.ok()) session_->state_cv.notify_all();
}

bool Writer::is_over(const Round& round) const {
  if (!round.stopping || !round.loop_done) return false;
  if (queue_.empty()) return true;
  return SteadyClock::now() >= round.drain_until + kLastTries;
}

}  // namespace webhookcore
