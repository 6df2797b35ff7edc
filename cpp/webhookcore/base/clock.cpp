#include "webhookcore/base/clock.h"

#include <ctime>

namespace webhookcore {
namespace {

std::int64_t read_ms(clockid_t clock) {
  timespec at{};
  clock_gettime(clock, &at);
  return static_cast<std::int64_t>(at.tv_sec) * 1000 + at.tv_nsec / 1'000'000;
}

}  // namespace

TimePoint SystemClock::now() const { return from_unix_ms(read_ms(CLOCK_REALTIME)); }

Duration SystemClock::monotonic() const { return Duration{read_ms(CLOCK_BOOTTIME)}; }

}  // namespace webhookcore
