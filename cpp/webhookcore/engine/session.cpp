#include "webhookcore/engine/session.h"

#include <algorithm>

namespace webhookcore {

RunCounts Session::counts_now() {
  const std::lock_guard lock(mutex);
  return counts;
}

void Session::wake_writer() {
  {
    const std::lock_guard lock(mutex);
    poked = true;
  }
  writer_cv.notify_one();
}

void Session::wake_loop() {
  const std::lock_guard lock(mutex);
  if (transport) transport->wake();
}

bool Session::orders_are_due(SteadyTime now) const {
  if (orders.attempts.empty() && orders.put_backs.empty() && orders.cancels.empty()) return false;
  return orders.attempts.size() >= kWorthACommit || under_way == 0 || stopping ||
         now >= orders_since + kLongestGathering;
}

bool Session::wants_claim() const { return !stopping && room > parts.options.prefetch / 2; }

void Session::park(Duration limit) {
  std::unique_lock lock(mutex);
  park_asked = true;
  if (transport) transport->wake();
  writer_cv.notify_one();
  state_cv.wait_for(
      lock, limit, [this] { return (loop_parked || loop_done) && (writer_parked || writer_done); });
}

void Session::unpark() {
  {
    const std::lock_guard lock(mutex);
    park_asked = false;
  }
  state_cv.notify_all();
}

void Session::stand_still_if_asked(bool Session::*flag) {
  std::unique_lock lock(mutex);
  if (!park_asked) return;
  this->*flag = true;
  state_cv.notify_all();
  state_cv.wait(lock, [this] { return !park_asked; });
  this->*flag = false;
}

void Session::begin_stop(SteadyTime until) {
  {
    const std::lock_guard lock(mutex);
    drain_until = stopping ? std::min(drain_until, until) : until;
    stopping = true;
    if (transport) transport->wake();
  }
  writer_cv.notify_one();
}

}  // namespace webhookcore
