#include "webhookcore/engine/watch.h"

#include <map>
#include <string>

namespace webhookcore {

namespace {

using namespace std::chrono_literals;

constexpr Duration kEvery = 1min;
constexpr Duration kRarely = 1h;
// Bounds the look at the traffic: about 30 ms.
constexpr std::size_t kMostDeliveries = 100'000;
constexpr std::size_t kEndpointPage = 500;
constexpr std::size_t kPruneAtOnce = 10'000;

std::string rate_details(std::int64_t attempts, std::int64_t failed) {
  return Details().add("attempts", attempts).add("failed", failed).json();
}

}  // namespace

Result<void> Watch::step(TimePoint now, Duration monotonic) {
  if (last_ && monotonic - *last_ < kEvery) return {};
  last_ = monotonic;
  if (auto done = look_at_backlog(now); !done.ok()) return done;
  if (auto done = look_at_traffic(now); !done.ok()) return done;
  if (auto done = look_at_volume(now); !done.ok()) return done;
  if (last_hourly_ && monotonic - *last_hourly_ < kRarely) return {};
  last_hourly_ = monotonic;
  if (auto done = look_at_secrets(now); !done.ok()) return done;
  const auto pruned = store_.prune_operational_events(now - kKeepOperationalEvents, kPruneAtOnce);
  return pruned.ok() ? Result<void>() : pruned.error();
}

Result<void> Watch::look_at_traffic(TimePoint now) {
  const auto traffic = store_.recent_traffic(now - kWatchWindow, kMostDeliveries);
  if (!traffic.ok()) return traffic.error();
  for (const EndpointTraffic& row : *traffic) {
    if (!is_failing(row.attempts, row.failed, rule_)) continue;
    auto told = store_.add_operational_event({.type = operational::kFailing,
                                              .tenant = row.tenant,
                                              .endpoint_id = row.endpoint_id,
                                              .details = rate_details(row.attempts, row.failed),
                                              .at = now});
    if (!told.ok()) return told;
  }
  return tell_tenants(*traffic, now);
}

// A tenant with one endpoint is told of by that one.
Result<void> Watch::tell_tenants(const std::vector<EndpointTraffic>& traffic, TimePoint now) {
  struct Sum {
    std::int64_t attempts = 0, failed = 0, endpoints = 0;
  };
  std::map<std::optional<std::string>, Sum> sums;
  for (const EndpointTraffic& row : traffic) {
    Sum& sum = sums[row.tenant];
    sum.attempts += row.attempts;
    sum.failed += row.failed;
    ++sum.endpoints;
  }
  for (const auto& [tenant, sum] : sums) {
    if (sum.endpoints < 2 || !is_failing(sum.attempts, sum.failed, rule_)) continue;
    auto told = store_.add_operational_event({.type = operational::kTenantFailing,
                                              .tenant = tenant,
                                              .details = rate_details(sum.attempts, sum.failed),
                                              .at = now});
    if (!told.ok()) return told;
  }
  return {};
}

Result<void> Watch::look_at_backlog(TimePoint now) {
  const auto due = store_.next_due_at();
  if (!due.ok()) return due.error();
  if (!*due || !is_old_backlog(**due, now, rule_)) return {};
  return store_.add_operational_event(
      {.type = operational::kBacklogOld,
       .details = Details().add("due_since", *due).add("age_ms", (now - **due).count()).json(),
       .at = now});
}

Result<void> Watch::look_at_volume(TimePoint now) {
  const auto total = store_.volume_until(now + 1ms);
  if (!total.ok()) return total.error();
  const auto hour_ago = store_.volume_until(now - kWatchWindow);
  if (!hour_ago.ok()) return hour_ago.error();
  const auto day_ago = store_.volume_until(now - kWatchWindow - kUsualWindow);
  if (!day_ago.ok()) return day_ago.error();
  if (!*total || !*hour_ago || !*day_ago) return {};  // Too young to know what is usual.
  const std::int64_t recent = **total - **hour_ago;
  const std::int64_t before = **hour_ago - **day_ago;
  if (!is_unusual_volume(recent, before, rule_)) return {};
  return store_.add_operational_event(
      {.type = operational::kVolume,
       .details =
           Details().add("last_hour", recent).add("usual", before / (kUsualWindow / 1h)).json(),
       .at = now});
}

Result<void> Watch::look_at_secrets(TimePoint now) {
  EndpointFilter filter{.state = EndpointState::enabled, .limit = kEndpointPage};
  while (true) {
    const auto page = store_.list_endpoints(filter);
    if (!page.ok()) return page.error();
    for (const Endpoint& endpoint : *page) {
      if (endpoint.secrets.empty()) continue;
      const TimePoint made = endpoint.secrets.front().created_at;
      if (!is_old_secret(made, now, rule_)) continue;
      auto told = store_.add_operational_event(
          {.type = operational::kSecretOld,
           .tenant = endpoint.tenant,
           .endpoint_id = endpoint.id,
           .details = Details().add("created_at", std::optional(made)).json(),
           .at = now});
      if (!told.ok()) return told;
    }
    if (page->size() < kEndpointPage) return {};
    filter.after_id = page->back().id;
  }
}

}  // namespace webhookcore
