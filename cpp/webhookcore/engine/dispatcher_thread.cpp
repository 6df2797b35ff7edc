#include "webhookcore/engine/dispatcher_thread.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace webhookcore {

namespace {

// A bound, not a rhythm: whoever has something for the loop wakes it.
constexpr Duration kLongestPoll = std::chrono::seconds{1};

template <typename T>
void append(std::vector<T>& to, std::vector<T>& from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

bool is_empty(const Orders& orders) {
  return orders.attempts.empty() && orders.put_backs.empty() && orders.cancels.empty();
}

Duration time_until(SteadyTime at) {
  return std::chrono::ceil<Duration>(at - std::chrono::steady_clock::now());
}

}  // namespace

DispatcherThread::DispatcherThread(std::shared_ptr<Session> session)
    : session_(std::move(session)), dispatcher_(session_->parts.options, session_->parts.random) {}

void DispatcherThread::run() {
  if (make_transport()) {
    while (!done_) round();
    drop_transport();
  }
  {
    const std::lock_guard lock(session_->mutex);
    session_->loop_done = true;
  }
  session_->writer_cv.notify_one();
  session_->state_cv.notify_all();
}

bool DispatcherThread::make_transport() {
  auto made = session_->parts.make_transport();
  {
    const std::lock_guard lock(session_->mutex);
    session_->loop_started = true;
    if (made.ok()) {
      transport_ = std::move(made).value();
      session_->transport = transport_.get();
      session_->room = dispatcher_.room();
    } else {
      session_->start_error = made.error();
    }
  }
  session_->writer_cv.notify_one();
  session_->state_cv.notify_all();
  return transport_ != nullptr;
}

void DispatcherThread::drop_transport() {
  {
    const std::lock_guard lock(session_->mutex);
    session_->transport = nullptr;
  }
  transport_.reset();
}

void DispatcherThread::round() {
  session_->stand_still_if_asked(&Session::loop_parked);
  std::vector<ReadyDelivery> batch;
  bool stopping = false;
  SteadyTime drain_until;
  {
    const std::lock_guard lock(session_->mutex);
    batch = std::exchange(session_->ready, {});
    stopping = session_->stopping;
    drain_until = session_->drain_until;
  }
  const Moment now = session_->now();
  if (stopping) dispatcher_.close(now);
  dispatcher_.take(std::move(batch), now);
  if (is_drained(stopping, drain_until)) cancel_the_rest();

  Orders orders = dispatcher_.step(now);
  for (TransferStart& start : orders.starts) {
    transport_->start(start.id, std::move(start.attempt));
  }
  orders.starts.clear();
  hand_over(std::move(orders));
  if (done_) return;

  const Duration wait = stopping ? std::min(kLongestPoll, time_until(drain_until)) : kLongestPoll;
  auto ended = transport_->poll(std::max(wait, Duration::zero()));
  const Moment later = session_->now();
  for (TransferResult& result : ended) dispatcher_.finish(std::move(result), later);
}

bool DispatcherThread::is_drained(bool stopping, SteadyTime drain_until) {
  return stopping && (dispatcher_.in_flight() == 0 || time_until(drain_until) <= Duration::zero());
}

void DispatcherThread::cancel_the_rest() {
  auto ended = transport_->cancel_all();
  const Moment now = session_->now();
  for (TransferResult& result : ended) dispatcher_.finish(std::move(result), now);
  done_ = true;
}

// Wakes the writer only for what it would act on, or would set its alarm by.
void DispatcherThread::hand_over(Orders orders) {
  bool is_news = false;
  {
    const std::lock_guard lock(session_->mutex);
    const bool had_none = is_empty(session_->orders);
    const bool wanted_claim = session_->wants_claim();
    append(session_->orders.attempts, orders.attempts);
    append(session_->orders.put_backs, orders.put_backs);
    append(session_->orders.cancels, orders.cancels);
    const SteadyTime now = std::chrono::steady_clock::now();
    if (had_none) session_->orders_since = now;
    session_->under_way = dispatcher_.in_flight();
    session_->busy_until = std::max(session_->busy_until, orders.busy_until);
    const std::size_t room = dispatcher_.room();
    session_->room = room - std::min(room, session_->ready.size());
    is_news = (had_none && !is_empty(session_->orders)) || session_->orders_are_due(now) ||
              (!wanted_claim && session_->wants_claim());
  }
  if (is_news) session_->writer_cv.notify_one();
}

}  // namespace webhookcore
