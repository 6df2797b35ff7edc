// Holds what happened until somebody fetches it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "webhookcore/engine/events.h"

namespace webhookcore {

// Safe to share between threads. Nobody may ever fetch, so it is bounded: past
// 10,000 the oldest go.
class EventLog {
 public:
  void add(AttemptEvent event);
  std::vector<AttemptEvent> take(std::size_t limit);
  std::int64_t dropped() const;

  // What a person has to mend, in words without a secret; past 100 the oldest go.
  void add_problem(std::string problem);
  std::vector<std::string> take_problems();

 private:
  mutable std::mutex mutex_;
  std::deque<AttemptEvent> events_;
  std::deque<std::string> problems_;
  std::int64_t dropped_ = 0;
};

}  // namespace webhookcore
