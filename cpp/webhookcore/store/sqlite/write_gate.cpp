#include "webhookcore/store/sqlite/write_gate.h"

#include <algorithm>
#include <chrono>
#include <thread>

namespace webhookcore::sqlite {

namespace {

using std::chrono::microseconds;

constexpr microseconds kFirstPause{50};
constexpr microseconds kLongestPause{2000};
// Longer than a waiter's first pauses, so that it wins against a process that
// commits without end; a commit takes about as long.
constexpr microseconds kMakeWay{150};

}  // namespace

Result<void> WriteGate::acquire(Duration timeout) {
  if (make_way_) {
    make_way_ = false;
    std::this_thread::sleep_for(kMakeWay);
  }
  if (file_.try_gate()) return {};

  const SystemClock clock;
  const Duration deadline = clock.monotonic() + timeout;
  file_.show_waiting();
  microseconds pause = kFirstPause;
  bool held = false;
  while (!held && clock.monotonic() < deadline) {
    std::this_thread::sleep_for(pause);
    pause = std::min(pause + pause / 4, kLongestPause);
    held = file_.try_gate();
  }
  file_.hide_waiting();
  if (held) return {};
  return Error{ErrorCode::store_busy, "another process holds the write gate"};
}

void WriteGate::release() {
  file_.release_gate();
  make_way_ = file_.others_wait();
}

}  // namespace webhookcore::sqlite
