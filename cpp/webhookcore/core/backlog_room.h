// Whether too many wait already, without counting at each new one.
#pragma once

#include <cstdint>

#include "webhookcore/base/clock.h"

namespace webhookcore {

// A count costs as much as it finds, so it is made a few times a second at most, and what was
// stored since is added to it. The bound is therefore passed by what other processes store in
// kFresh, and by the batch that reaches it.
class BacklogRoom {
 public:
  static constexpr Duration kFresh{100};
  // The same when there was no room.
  static constexpr Duration kFreshWhenFull{20};

  // So many may wait. 0: any number.
  void set_most(std::int64_t most);
  std::int64_t most() const { return most_; }

  // Whether set_count() is wanted before is_full().
  bool is_stale(TimePoint now) const;
  void set_count(std::int64_t count, TimePoint now);
  void add(std::int64_t stored) { count_ += stored; }  // Less than 0: ended.
  bool is_full() const { return most_ > 0 && count_ >= most_; }

 private:
  std::int64_t most_ = 0;
  std::int64_t count_ = 0;
  bool counted_ = false;
  TimePoint counted_at_{};
};

}  // namespace webhookcore
