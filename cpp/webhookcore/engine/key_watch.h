// Whether this process can read the endpoints it is to deliver to. After a change of the
// sealing key one that still has the old ring cannot: it says so, and lets one lead that can.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "webhookcore/base/clock.h"
#include "webhookcore/base/error.h"
#include "webhookcore/engine/event_log.h"
#include "webhookcore/store/store.h"

namespace webhookcore {

// One thread. `store` and `log` outlive it. Times are monotonic where they are not a TimePoint.
class KeyWatch {
 public:
  KeyWatch(Store& store, EventLog& log) : store_(store), log_(log) {}

  // A delivery was claimed whose endpoint could not be read.
  void note_unread(const std::string& endpoint_id, const Error& error, Duration monotonic);

  // Once a second, and after note_unread() at once: looks, and tells what is new.
  Result<void> step(TimePoint now, Duration monotonic);

  // True for a second out of ten while a key is missing, the first one as soon as that is
  // seen: time for a standby. The rest of the time what can be read is delivered, for there may
  // be no standby.
  bool steps_back(Duration monotonic);

  // Why deliveries that came up lately were put back.
  std::optional<Error> trouble(Duration monotonic) const;

 private:
  Result<void> look(TimePoint now, Duration monotonic);
  Result<void> tell_of_endpoints(TimePoint now);

  Store& store_;
  EventLog& log_;
  std::optional<Duration> looked_at_;
  bool key_is_missing_ = false;
  Duration stepped_back_at_{};  // While it is.
  std::optional<Error> trouble_;
  Duration trouble_at_{};
  std::map<std::string, Error> unread_;  // Not told of yet.
  std::set<std::string> told_;
};

}  // namespace webhookcore
