#include "webhookcore/engine/event_log.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace webhookcore {

namespace {

constexpr std::size_t kMostUnread = 10'000;
constexpr std::size_t kMostProblems = 100;

}  // namespace

void EventLog::add(AttemptEvent event) {
  const std::lock_guard lock(mutex_);
  events_.push_back(std::move(event));
  if (events_.size() <= kMostUnread) return;
  events_.pop_front();
  ++dropped_;
}

std::vector<AttemptEvent> EventLog::take(std::size_t limit) {
  const std::lock_guard lock(mutex_);
  const auto end = events_.begin() + static_cast<std::ptrdiff_t>(std::min(limit, events_.size()));
  std::vector<AttemptEvent> taken(std::make_move_iterator(events_.begin()),
                                  std::make_move_iterator(end));
  events_.erase(events_.begin(), end);
  return taken;
}

std::int64_t EventLog::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

void EventLog::add_problem(std::string problem) {
  const std::lock_guard lock(mutex_);
  problems_.push_back(std::move(problem));
  if (problems_.size() > kMostProblems) problems_.pop_front();
}

std::vector<std::string> EventLog::take_problems() {
  const std::lock_guard lock(mutex_);
  const auto taken = std::exchange(problems_, {});
  return {taken.begin(), taken.end()};
}

}  // namespace webhookcore
