// Every call converts under the GIL, works without it, and converts back under it.
#include "webhookcore/bindings/bind_store.h"

#include <pybind11/stl.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "webhookcore/base/key_ring.h"
#include "webhookcore/bindings/convert.h"
#include "webhookcore/bindings/process_parts.h"
#include "webhookcore/bindings/released_gil.h"
#include "webhookcore/bindings/row_convert.h"
#include "webhookcore/store/memory/memory_store.h"
#include "webhookcore/store/sqlite/sqlite_store.h"
#include "webhookcore/store/store.h"

namespace webhookcore {

namespace {

using py::literals::operator""_a;

template <typename Call>
auto without_gil(Call call) {
  const ReleasedGil unlocked;
  return call();
}

std::shared_ptr<Store> open_sqlite(const std::string& path, bool durable, double busy_timeout,
                                   bool create, const std::string& encryption_keys) {
  const SqliteOptions options{
      .path = path,
      .durability = durable ? Durability::full : Durability::normal,
      .busy_timeout = Duration{unwrap(seconds_to_ms(busy_timeout, "busy_timeout"))},
      .create = create,
      .keys = encryption_keys.empty() ? KeyRing() : unwrap(KeyRing::parse(encryption_keys))};
  return unwrap(without_gil([&] { return open_sqlite_store(options, process_random()); }));
}

std::shared_ptr<Store> open_memory() { return make_memory_store(process_random()); }

py::dict info(Store& store) {
  const StoreInfo info = without_gil([&] { return store.info(); });
  return py::dict("backend"_a = info.backend, "path"_a = info.path,
                  "library_version"_a = info.library_version,
                  "schema_version"_a = info.schema_version, "sealing_key"_a = info.sealing_key);
}

template <typename Row>
py::dict stored_dict(const Row& row) {
  return from_stored([&] { return to_dict(row); });
}

template <typename Row>
py::object dict_or_none(const std::optional<Row>& row) {
  return row ? py::object(stored_dict(*row)) : py::none();
}

template <typename Row>
py::list dicts(const std::vector<Row>& rows) {
  py::list list;
  for (const Row& row : rows) list.append(stored_dict(row));
  return list;
}

py::dict counts_dict(const DeliveryCounts& counts) {
  return py::dict("pending"_a = counts.pending, "in_flight"_a = counts.in_flight,
                  "delivered"_a = counts.delivered, "dead"_a = counts.dead,
                  "cancelled"_a = counts.cancelled);
}

TimePoint at(std::int64_t unix_ms) { return from_unix_ms(unix_ms); }

void register_endpoints(py::classh<Store>& store) {
  store
      .def("create_endpoint",
           [](Store& self, const py::dict& row) {
             const Endpoint endpoint = endpoint_from(row);
             unwrap(without_gil([&] { return self.create_endpoint(endpoint); }));
           })
      .def("update_endpoint",
           [](Store& self, const py::dict& row, std::int64_t now) {
             const Endpoint endpoint = endpoint_from(row);
             return to_unix_ms(
                 unwrap(without_gil([&] { return self.update_endpoint(endpoint, at(now)); })));
           })
      .def("get_endpoint",
           [](Store& self, const std::string& id) {
             return dict_or_none(unwrap(without_gil([&] { return self.get_endpoint(id); })));
           })
      .def("find_endpoint_by_uid",
           [](Store& self, const std::optional<std::string>& tenant, const std::string& uid) {
             return dict_or_none(
                 unwrap(without_gil([&] { return self.find_endpoint_by_uid(tenant, uid); })));
           })
      .def("list_endpoints",
           [](Store& self, const py::dict& filter) {
             const auto wanted = endpoint_filter_from(filter);
             return dicts(unwrap(without_gil([&] { return self.list_endpoints(wanted); })));
           })
      .def("delete_endpoint", [](Store& self, const std::string& id, std::int64_t now) {
        unwrap(without_gil([&] { return self.delete_endpoint(id, at(now)); }));
      });
}

py::dict metrics_dict(const DeliveryMetrics& metrics) {
  const auto ms = [](const std::optional<Duration>& duration) {
    return duration ? py::cast(duration->count()) : py::none();
  };
  py::dict percentiles;
  for (const int percent : {50, 90, 95, 99}) {
    percentiles[py::int_(percent)] = ms(metrics.delivery_time.percentile(percent / 100.0));
  }
  const auto& oldest = metrics.oldest_pending_at;
  return py::dict("messages"_a = metrics.messages, "deliveries"_a = counts_dict(metrics.deliveries),
                  "attempts"_a = metrics.attempts, "attempted"_a = metrics.attempted,
                  "retried"_a = metrics.retried, "breaker_trips"_a = metrics.breaker_trips,
                  "delivery_time_mean"_a = ms(metrics.delivery_time.mean()),
                  "delivery_time_percentiles"_a = percentiles, "backlog"_a = metrics.backlog,
                  "oldest_pending_at"_a = oldest ? py::cast(to_unix_ms(*oldest)) : py::none(),
                  "dead_letters"_a = metrics.dead_letters);
}

void register_metrics(py::classh<Store>& store) {
  store.def("measure", [](Store& self, const py::dict& filter) {
    const auto wanted = metrics_filter_from(filter);
    return metrics_dict(unwrap(without_gil([&] { return self.measure(wanted); })));
  });
}

void register_event_types(py::classh<Store>& store) {
  store
      .def("create_event_type",
           [](Store& self, const py::dict& row) {
             const EventType type = event_type_from(row);
             unwrap(without_gil([&] { return self.create_event_type(type); }));
           })
      .def("update_event_type",
           [](Store& self, const py::dict& row, std::int64_t now) {
             const EventType type = event_type_from(row);
             return to_unix_ms(
                 unwrap(without_gil([&] { return self.update_event_type(type, at(now)); })));
           })
      .def("delete_event_type",
           [](Store& self, const std::string& name) {
             unwrap(without_gil([&] { return self.delete_event_type(name); }));
           })
      .def("list_event_types", [](Store& self) {
        const EventTypes listed = unwrap(without_gil([&] { return self.list_event_types(); }));
        return py::make_tuple(listed.version, dicts(listed.types));
      });
}

void register_deliveries(py::classh<Store>& store) {
  store
      .def("get_message",
           [](Store& self, const std::string& id) {
             return dict_or_none(unwrap(without_gil([&] { return self.get_message(id); })));
           })
      .def("list_messages",
           [](Store& self, const py::dict& filter) {
             const auto wanted = message_filter_from(filter);
             return dicts(unwrap(without_gil([&] { return self.list_messages(wanted); })));
           })
      .def("poll_messages",
           [](Store& self, const py::dict& filter) {
             const auto wanted = poll_filter_from(filter);
             const PolledMessages polled =
                 unwrap(without_gil([&] { return self.poll_messages(wanted); }));
             return py::make_tuple(dicts(polled.messages), polled.next_key);
           })
      .def("get_delivery",
           [](Store& self, std::int64_t key) {
             return dict_or_none(unwrap(without_gil([&] { return self.get_delivery(key); })));
           })
      .def("list_deliveries",
           [](Store& self, const py::dict& filter) {
             const auto wanted = delivery_filter_from(filter);
             return dicts(unwrap(without_gil([&] { return self.list_deliveries(wanted); })));
           })
      .def("count_deliveries",
           [](Store& self, const py::dict& filter) {
             const auto wanted = delivery_filter_from(filter);
             return counts_dict(unwrap(without_gil([&] { return self.count_deliveries(wanted); })));
           })
      .def("count_backlog",
           [](Store& self, std::size_t most) {
             return unwrap(without_gil([&] { return self.count_backlog(most); }));
           })
      .def("list_attempts",
           [](Store& self, std::int64_t key) {
             return dicts(unwrap(without_gil([&] { return self.list_attempts(key); })));
           })
      .def("replay",
           [](Store& self, std::int64_t key, bool force, std::int64_t now) {
             unwrap(without_gil([&] { return self.replay(key, force, at(now)); }));
           })
      .def("cancel",
           [](Store& self, std::int64_t key, std::int64_t now) {
             unwrap(without_gil([&] { return self.cancel(key, at(now)); }));
           })
      .def("delete_dead", [](Store& self, std::int64_t key) {
        unwrap(without_gil([&] { return self.delete_dead(key); }));
      });
}

void register_operations(py::classh<Store>& store) {
  store
      .def("get_endpoint_health",
           [](Store& self, const std::string& id, std::int64_t now) -> py::object {
             const auto health = unwrap(without_gil([&] { return self.get_endpoint_health(id); }));
             return health ? py::object(to_dict(*health, at(now))) : py::none();
           })
      .def("add_operational_event",
           [](Store& self, const py::dict& row) {
             const OperationalEvent event = operational_event_from(row);
             unwrap(without_gil([&] { return self.add_operational_event(event); }));
           })
      .def(
          "list_operational_events",
          [](Store& self, const py::dict& filter) {
            const auto wanted = operational_filter_from(filter);
            return dicts(unwrap(without_gil([&] { return self.list_operational_events(wanted); })));
          })
      .def("prune_operational_events",
           [](Store& self, std::int64_t before, std::size_t limit) {
             return unwrap(
                 without_gil([&] { return self.prune_operational_events(at(before), limit); }));
           })
      .def("unread_operational_events",
           [](Store& self, const std::string& reader, std::size_t limit) {
             return dicts(unwrap(
                 without_gil([&] { return self.unread_operational_events(reader, limit); })));
           })
      .def("start_operational_reader",
           [](Store& self, const std::string& reader) {
             unwrap(without_gil([&] { return self.start_operational_reader(reader); }));
           })
      .def("advance_operational_reader",
           [](Store& self, const std::string& reader, std::int64_t key) {
             unwrap(without_gil([&] { return self.advance_operational_reader(reader, key); }));
           });
}

py::tuple claim(Store& self, const std::string& source, const std::string& event_key,
                std::int64_t now, std::int64_t lease) {
  const ClaimResult result = unwrap(without_gil([&] {
    return self.claim({source, event_key}, at(now), Duration{lease});
  }));
  return claim_tuple(result);
}

void complete(Store& self, const std::string& source, const std::string& event_key,
              const py::bytes& token, const std::string& kept_result, std::int64_t now,
              std::int64_t time_to_live) {
  const LeaseToken proof{std::string(token)};
  unwrap(without_gil([&] {
    return self.complete({source, event_key}, proof, kept_result, at(now), Duration{time_to_live});
  }));
}

void release(Store& self, const std::string& source, const std::string& event_key,
             const py::bytes& token) {
  const LeaseToken proof{std::string(token)};
  unwrap(without_gil([&] { return self.release({source, event_key}, proof); }));
}

py::list accept_many(Store& self, const std::vector<py::tuple>& rows,
                     const std::string& kept_result, std::int64_t now, std::int64_t time_to_live) {
  const AcceptedRows events(rows);
  return accepted_list(unwrap(without_gil([&] {
    return self.accept_many(events.borrowed(), kept_result, at(now), Duration{time_to_live});
  })));
}

std::optional<TimePoint> maybe_at(const std::optional<std::int64_t>& unix_ms) {
  return unix_ms ? std::optional(at(*unix_ms)) : std::nullopt;
}

// (source, most running at once) of each.
std::vector<SourceLimit> limits_from(const std::vector<std::pair<std::string, std::size_t>>& rows) {
  std::vector<SourceLimit> limits;
  limits.reserve(rows.size());
  for (const auto& [source, most] : rows) limits.push_back({source, most});
  return limits;
}

// `only` is (source, pattern), and `join` a token of theirs.
py::list claim_due_events(Store& self, std::int64_t now, std::size_t limit, std::int64_t lease,
                          const std::vector<std::pair<std::string, std::size_t>>& limits,
                          const std::optional<std::pair<std::string, std::string>>& only,
                          const std::optional<py::bytes>& join) {
  const auto most = limits_from(limits);
  EventClaim claim{.limit = limit, .lease = Duration{lease}, .limits = most};
  if (only) claim.only = EventsLike{only->first, only->second};
  if (join) claim.join = LeaseToken{std::string(*join)};
  const auto claimed = unwrap(without_gil([&] { return self.claim_due_events(claim, at(now)); }));
  py::list rows;
  for (const ClaimedEvent& one : claimed) {
    rows.append(py::make_tuple(stored_dict(one.event), py::bytes(one.token.value)));
  }
  return rows;
}

// (key, token, state, next_attempt_at, counts, handler_result, error)
EventCompletion completion_from(const py::tuple& row) {
  EventCompletion completion{
      .key = row[0].cast<std::int64_t>(),
      .token = {row[1].cast<std::string>()},
      .state = *inbox_filter_from(py::dict("state"_a = row[2])).state,
      .next_attempt_at = maybe_at(row[3].cast<std::optional<std::int64_t>>()),
      .counts = row[4].cast<bool>(),
      .handler_result = row[5].cast<std::string>(),
      .error = row[6].cast<std::string>()};
  return completion;
}

// Of each whether it was still the caller's.
std::vector<bool> complete_events(Store& self, const std::vector<py::tuple>& rows,
                                  std::int64_t now) {
  std::vector<EventCompletion> completions;
  completions.reserve(rows.size());
  for (const py::tuple& row : rows) completions.push_back(completion_from(row));
  const auto results = without_gil([&] { return self.complete_events(completions, at(now)); });
  std::vector<bool> held;
  for (const auto& result : results) {
    const bool lost = !result && result.error().code == ErrorCode::lease_lost;
    if (!lost) unwrap(result);
    held.push_back(!lost);
  }
  return held;
}

// (how many, place)
template <typename Change>
py::tuple in_places(std::int64_t place, Change change) {
  const std::size_t changed = unwrap(without_gil([&] { return change(place); }));
  return py::make_tuple(changed, place);
}

void register_inbox_rows(py::classh<Store>& store) {
  store
      .def("get_event",
           [](Store& self, std::int64_t key) {
             return dict_or_none(unwrap(without_gil([&] { return self.get_event(key); })));
           })
      .def("list_events",
           [](Store& self, const py::dict& filter) {
             const auto wanted = inbox_filter_from(filter);
             return dicts(unwrap(without_gil([&] { return self.list_events(wanted); })));
           })
      .def("count_events",
           [](Store& self, const py::dict& filter) {
             const auto wanted = inbox_filter_from(filter);
             const auto counts = unwrap(without_gil([&] { return self.count_events(wanted); }));
             return py::dict("pending"_a = counts.pending, "running"_a = counts.running,
                             "done"_a = counts.done, "dead"_a = counts.dead);
           })
      .def(
          "count_inbox_backlog",
          [](Store& self, std::size_t most, const std::optional<std::string>& source) {
            return unwrap(without_gil([&] { return self.count_inbox_backlog(most, source); }));
          },
          "most"_a, "source"_a = py::none())
      .def("set_max_inbox",
           [](Store& self, const std::optional<std::int64_t>& most) {
             without_gil([&] { self.set_max_inbox(most); });
           })
      .def("replay_event",
           [](Store& self, std::int64_t key, std::int64_t now) {
             unwrap(without_gil([&] { return self.replay_event(key, at(now)); }));
           })
      .def("replay_events",
           [](Store& self, const py::dict& filter, std::int64_t place, std::size_t limit,
              std::int64_t now) {
             const auto wanted = inbox_filter_from(filter);
             return in_places(place, [&](std::int64_t& reached) {
               return self.replay_events(wanted, reached, limit, at(now));
             });
           })
      .def("delete_event",
           [](Store& self, std::int64_t key) {
             unwrap(without_gil([&] { return self.delete_event(key); }));
           })
      .def("delete_events",
           [](Store& self, const py::dict& filter, std::int64_t place, std::size_t limit) {
             const auto wanted = inbox_filter_from(filter);
             return in_places(place, [&](std::int64_t& reached) {
               return self.delete_events(wanted, reached, limit);
             });
           });
}

void register_inbox(py::classh<Store>& store) {
  using Limits = std::vector<std::pair<std::string, std::size_t>>;
  store.def("claim", &claim, "source"_a, "event_key"_a, "now"_a, "lease"_a)
      .def("complete", &complete, "source"_a, "event_key"_a, "token"_a, "kept_result"_a, "now"_a,
           "time_to_live"_a)
      .def("release", &release, "source"_a, "event_key"_a, "token"_a)
      .def("accept_many", &accept_many, "events"_a, "kept_result"_a, "now"_a, "time_to_live"_a)
      .def("claim_due_events", &claim_due_events, "now"_a, "limit"_a, "lease"_a,
           "limits"_a = Limits(), "only"_a = py::none(), "join"_a = py::none())
      .def("complete_events", &complete_events)
      .def("reap_events",
           [](Store& self, std::int64_t now) {
             return unwrap(without_gil([&] { return self.reap_events(at(now)); }));
           })
      .def(
          "next_event_due_at",
          [](Store& self, const Limits& limits) -> py::object {
            const auto most = limits_from(limits);
            const auto due = unwrap(without_gil([&] { return self.next_event_due_at(most); }));
            return due ? py::cast(to_unix_ms(*due)) : py::none();
          },
          "limits"_a = Limits())
      .def("prune_keys", [](Store& self, std::int64_t now, std::size_t limit) {
        return unwrap(without_gil([&] { return self.prune_keys(at(now), limit); }));
      });
  register_inbox_rows(store);
}

void register_replays(py::classh<Store>& store) {
  store
      .def("count_replayable",
           [](Store& self, const py::dict& row, std::int64_t now) {
             const ReplayRequest request = replay_request_from(row);
             return unwrap(without_gil([&] { return self.count_replayable(request, at(now)); }));
           })
      .def("begin_replay",
           [](Store& self, const py::dict& row, std::int64_t now) {
             const ReplayRequest request = replay_request_from(row);
             return stored_dict(
                 unwrap(without_gil([&] { return self.begin_replay(request, at(now)); })));
           })
      .def("work_replay",
           [](Store& self, std::int64_t job, std::size_t limit, std::int64_t now) {
             return stored_dict(
                 unwrap(without_gil([&] { return self.work_replay(job, limit, at(now)); })));
           })
      .def("get_replay",
           [](Store& self, std::int64_t job) {
             return dict_or_none(unwrap(without_gil([&] { return self.get_replay(job); })));
           })
      .def("list_replays",
           [](Store& self, const py::dict& filter) {
             const ReplayJobFilter wanted = replay_filter_from(filter);
             return dicts(unwrap(without_gil([&] { return self.list_replays(wanted); })));
           })
      // (deleted, place)
      .def("delete_dead_letters", [](Store& self, const py::dict& filter, std::int64_t place,
                                     std::size_t limit) {
        const DeliveryFilter wanted = delivery_filter_from(filter);
        const std::size_t deleted =
            unwrap(without_gil([&] { return self.delete_dead_letters(wanted, place, limit); }));
        return py::make_tuple(deleted, place);
      });
}

// A pass, or its first `batches`: (over, messages, deliveries, attempts, events, keys, jobs).
py::tuple prune(Store& self, const std::optional<std::int64_t>& messages_before,
                const std::optional<std::int64_t>& attempts_before,
                const std::optional<std::int64_t>& inbox_before, std::int64_t now,
                std::int64_t budget, const std::optional<int>& batches) {
  const PruneLimits limits{maybe_at(messages_before), maybe_at(attempts_before),
                           maybe_at(inbox_before)};
  PrunePlace place;
  Pruned pruned;
  bool over = false;
  for (int batch = 0; !over && batch < batches.value_or(batch + 1); ++batch) {
    over = unwrap(
        without_gil([&] { return self.prune(limits, place, pruned, at(now), Duration{budget}); }));
    // Between two batches, so that Ctrl-C ends a long pass; each batch is whole.
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
  }
  return py::make_tuple(over, pruned.messages, pruned.deliveries, pruned.attempts, pruned.events,
                        pruned.keys, pruned.jobs);
}

void register_upkeep(py::classh<Store>& store) {
  store
      .def("prune", &prune, py::kw_only(), "messages_before"_a, "attempts_before"_a,
           "inbox_before"_a, "now"_a, "budget"_a, "batches"_a)
      .def("give_back_pages",
           [](Store& self, std::int64_t pages, std::int64_t keep) {
             return unwrap(without_gil([&] { return self.give_back_pages(pages, keep); }));
           })
      .def("checkpoint", [](Store& self) { without_gil([&] { self.checkpoint(); }); })
      .def("measure_space",
           [](Store& self) {
             const StoreUse use = unwrap(without_gil([&] { return self.measure_space(); }));
             return py::dict("used_bytes"_a = use.used_bytes, "file_bytes"_a = use.file_bytes,
                             "log_bytes"_a = use.log_bytes, "free_bytes"_a = use.free_bytes);
           })
      .def("set_quota",
           [](Store& self, const std::optional<std::int64_t>& bytes) { self.set_quota(bytes); })
      // (resealed, place)
      .def("reseal", [](Store& self, std::int64_t after, std::size_t limit) {
        const std::size_t resealed = unwrap(without_gil([&] { return self.reseal(after, limit); }));
        return py::make_tuple(resealed, after);
      });
}

}  // namespace

void register_store(py::module_& module) {
  py::classh<Store> store(module, "Store");
  store.def("info", &info)
      .def("close", [](Store& self) { without_gil([&] { self.close(); }); })
      .def("leader", [](Store& self) { return without_gil([&] { return self.leader(); }); });
  register_endpoints(store);
  register_event_types(store);
  register_metrics(store);
  register_deliveries(store);
  register_operations(store);
  register_inbox(store);
  register_replays(store);
  register_upkeep(store);
  module.def("open_sqlite_store", &open_sqlite, py::kw_only(), "path"_a, "durable"_a,
             "busy_timeout"_a, "create"_a, "encryption_keys"_a);
  module.def("open_memory_store", &open_memory);
}

}  // namespace webhookcore
