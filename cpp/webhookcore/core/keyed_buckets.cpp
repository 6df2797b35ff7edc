#include "webhookcore/core/keyed_buckets.h"

#include <algorithm>

namespace webhookcore {

KeyedBuckets::KeyedBuckets(double per_second, std::size_t capacity)
    : per_second_(per_second), capacity_(std::max<std::size_t>(1, capacity)) {}

std::optional<FineDuration> KeyedBuckets::take(std::string_view key, FineDuration now) {
  return take_token(entry_of(key).bucket, per_second_, now);
}

KeyedBuckets::Entry& KeyedBuckets::entry_of(std::string_view key) {
  if (const auto found = by_key_.find(key); found != by_key_.end()) {
    last_first_.splice(last_first_.begin(), last_first_, found->second);
    return last_first_.front();
  }
  if (by_key_.size() >= capacity_) {
    by_key_.erase(last_first_.back().key);
    last_first_.pop_back();
  }
  last_first_.push_front({.key = std::string(key), .bucket = {}});
  by_key_.emplace(last_first_.front().key, last_first_.begin());
  return last_first_.front();
}

}  // namespace webhookcore
