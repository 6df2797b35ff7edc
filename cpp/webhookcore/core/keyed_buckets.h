// Token buckets by key in bounded memory, for limits on whoever comes. Not safe to
// share between threads: its owner has a lock.
#pragma once

#include <cstddef>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "webhookcore/core/rate_limit.h"

namespace webhookcore {

// Keeps the `capacity` (at least 1) keys that asked last. A key that was forgotten
// begins with a full bucket: with more keys than fit, the limit gets milder and
// nobody is refused for what others did.
class KeyedBuckets {
 public:
  KeyedBuckets(double per_second, std::size_t capacity);

  // As take_token() of the key's bucket.
  std::optional<FineDuration> take(std::string_view key, FineDuration now);

  std::size_t size() const { return by_key_.size(); }

 private:
  struct Entry {
    std::string key;
    TokenBucket bucket;
  };

  Entry& entry_of(std::string_view key);

  double per_second_;
  std::size_t capacity_;
  std::list<Entry> last_first_;
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_key_;  // Views of the list.
};

}  // namespace webhookcore
