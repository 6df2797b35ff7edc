#include "webhookcore/bindings/store_parts.h"

#include <pybind11/stl.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "webhookcore/bindings/convert.h"
#include "webhookcore/bindings/row_convert.h"
#include "webhookcore/bindings/store_call.h"

namespace webhookcore {

using py::literals::operator""_a;

namespace {

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
      .state = inbox_state_from(row[2].cast<std::string>()),
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

}  // namespace

void register_claims(StoreClass& store) {
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
      .def("extend_own_event_leases",
           [](Store& self, std::int64_t by) {
             unwrap(without_gil([&] { return self.extend_own_event_leases(Duration{by}); }));
           })
      .def("restart_event_waits",
           [](Store& self, std::int64_t now) {
             return unwrap(without_gil([&] { return self.restart_event_waits(at(now)); }));
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
}

}  // namespace webhookcore
