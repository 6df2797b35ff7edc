#include "webhookcore/engine/record_queue.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace webhookcore {

namespace {

// Bounds one transaction; about 10 ms of writing.
constexpr std::size_t kLargestBatch = 1000;

template <typename T>
void append(std::vector<T>& to, std::vector<T>& from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

bool refused_for_good(const Error& error) {
  return error.code == ErrorCode::lease_lost || error.code == ErrorCode::not_found ||
         error.code == ErrorCode::conflict;
}

}  // namespace

void RecordQueue::add(Orders orders) {
  append(attempts_, orders.attempts);
  append(put_backs_, orders.put_backs);
  append(cancels_, orders.cancels);
}

RecordQueue::Flushed RecordQueue::flush(TimePoint now) {
  Flushed flushed;
  while (!attempts_.empty() && !flushed.trouble) flush_attempts(now, flushed);
  if (!put_backs_.empty() && !flushed.trouble) flush_put_backs(now, flushed);
  if (!cancels_.empty() && !flushed.trouble) flush_cancels(now, flushed);
  return flushed;
}

void RecordQueue::flush_attempts(TimePoint now, Flushed& flushed) {
  const std::size_t count = std::min(attempts_.size(), kLargestBatch);
  std::vector<AttemptRecord> records;
  records.reserve(count);
  for (std::size_t i = 0; i < count; ++i) records.push_back(attempts_[i].record);
  const auto results = store_.record_attempts(records, now);

  std::vector<ConcludedAttempt> kept;
  for (std::size_t i = 0; i < count; ++i) {
    const bool settled = results[i].ok() || refused_for_good(results[i].error());
    if (!settled) {
      flushed.trouble = results[i].error();
      kept.push_back(std::move(attempts_[i]));
      continue;
    }
    flushed.moved_breakers = flushed.moved_breakers || attempts_[i].record.health.has_value();
    AttemptEvent& event = attempts_[i].event;
    event.recorded = results[i].ok();
    flushed.events.push_back(std::move(event));
    ++flushed.settled;
  }
  attempts_.erase(attempts_.begin(), attempts_.begin() + static_cast<std::ptrdiff_t>(count));
  attempts_.insert(attempts_.begin(), std::make_move_iterator(kept.begin()),
                   std::make_move_iterator(kept.end()));
}

void RecordQueue::flush_put_backs(TimePoint now, Flushed& flushed) {
  const auto result = store_.put_back(put_backs_, now);
  if (!result.ok()) {
    flushed.trouble = result.error();
    return;
  }
  flushed.settled += put_backs_.size();
  flushed.moved_breakers =
      flushed.moved_breakers || std::any_of(put_backs_.begin(), put_backs_.end(),
                                            [](const PutBack& row) { return row.behind_breaker; });
  put_backs_.clear();
}

void RecordQueue::flush_cancels(TimePoint now, Flushed& flushed) {
  while (!cancels_.empty()) {
    const auto result = store_.cancel(cancels_.back(), now);
    if (!result.ok() && !refused_for_good(result.error())) {
      flushed.trouble = result.error();
      return;
    }
    cancels_.pop_back();
  }
}

}  // namespace webhookcore
