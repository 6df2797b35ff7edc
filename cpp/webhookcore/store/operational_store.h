// The health of endpoints and what operators are told of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "webhookcore/base/clock.h"
#include "webhookcore/base/error.h"
#include "webhookcore/store/rows.h"

namespace webhookcore {

struct OperationalFilter {
  std::optional<std::optional<std::string>> tenant = {};  // Absent: all tenants.
  std::optional<std::string> type = {};                   // A pattern; `*` matches dots too.
  std::optional<std::string> endpoint_id = {};
  std::optional<TimePoint> since = {};
  std::optional<std::int64_t> before_key = {};  // The cursor: newest first.
  std::size_t limit = 100;
};

// What was made for an endpoint since some moment, and how much of it failed.
struct EndpointTraffic {
  std::string endpoint_id;
  std::optional<std::string> tenant = {};
  std::int64_t attempts = 0;
  std::int64_t failed = 0;
};

struct Probes {
  std::size_t released = 0;
  std::optional<TimePoint> next_at = {};  // When to ask again; absent: nothing waits.
};

// Safe to share between threads; a call returns when its change is durable.
class OperationalStore {
 public:
  virtual ~OperationalStore() = default;

  // nullopt where it never failed. `probing` is always false.
  virtual Result<std::optional<EndpointHealth>> get_endpoint_health(std::string_view id) = 0;

  // Lets one delivery out from behind each open breaker whose time has come (may_probe());
  // `open_for` is that of endpoints without their own.
  virtual Result<Probes> release_probes(Duration open_for, TimePoint now) = 0;

  // Stores it, or counts it to the one that it only repeats (is_repeat()). What the store
  // itself finds worth telling (a dead letter, a disabled endpoint, a breaker) stands in
  // the transaction that caused it.
  virtual Result<void> add_operational_event(const OperationalEvent& event) = 0;

  virtual Result<std::vector<OperationalEvent>> list_operational_events(
      const OperationalFilter& filter) = 0;

  // The events after the reader's position, oldest first; all of them where it has none.
  virtual Result<std::vector<OperationalEvent>> unread_operational_events(std::string_view reader,
                                                                          std::size_t limit) = 0;
  // A reader that is new begins with what happens from now on; any other goes on.
  virtual Result<void> start_operational_reader(std::string_view reader) = 0;
  // Never backwards: of two that read for the same reader the later one wins.
  virtual Result<void> advance_operational_reader(std::string_view reader, std::int64_t key) = 0;

  // Oldest first; returns how many went.
  virtual Result<std::size_t> prune_operational_events(TimePoint before, std::size_t limit) = 0;

  // Of the deliveries that were made since then, or of the newest `most` of them.
  virtual Result<std::vector<EndpointTraffic>> recent_traffic(TimePoint since,
                                                              std::size_t most) = 0;

  // How many messages and deliveries there were up to that moment since the store began;
  // nullopt where nothing is left from before it. The difference of two is a volume.
  virtual Result<std::optional<std::int64_t>> volume_until(TimePoint at) = 0;
};

}  // namespace webhookcore
