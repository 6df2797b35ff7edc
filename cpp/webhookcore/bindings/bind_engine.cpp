// The delivery engine. Its threads never call Python: Python fetches what happened.
#include "webhookcore/bindings/bind_engine.h"

#include <pybind11/stl.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "webhookcore/bindings/convert.h"
#include "webhookcore/bindings/process_parts.h"
#include "webhookcore/bindings/released_gil.h"
#include "webhookcore/bindings/row_convert.h"
#include "webhookcore/core/retry_policy.h"
#include "webhookcore/engine/engine.h"
#include "webhookcore/transport/curl_transport.h"

namespace webhookcore {

namespace {

using py::literals::operator""_a;

WatchRule watch_rule(const py::dict& watch) {
  const auto wait = [&](const char* name) {
    return Duration{unwrap(seconds_to_ms(watch[name].cast<double>(), name))};
  };
  return {.failing_above = watch["failing_above"].cast<double>(),
          .failing_least = watch["failing_least"].cast<std::int64_t>(),
          .backlog_after = wait("backlog_after"),
          .volume_factor = watch["volume_factor"].cast<double>(),
          .volume_least = watch["volume_least"].cast<std::int64_t>(),
          .secret_after = wait("secret_after")};
}

std::unique_ptr<Engine> make_engine(std::shared_ptr<Store> store, const CurlOptions& transport,
                                    int breaker_failures, double breaker_open_for,
                                    std::size_t max_in_flight,
                                    std::size_t max_in_flight_per_endpoint,
                                    const std::optional<double>& auto_disable_after,
                                    const py::dict& watch,
                                    const std::optional<std::int64_t>& keep_messages,
                                    const std::optional<std::int64_t>& keep_attempts,
                                    const std::optional<std::int64_t>& keep_inbox) {
  EngineOptions options;
  options.auto_disable_after = std::nullopt;
  if (auto_disable_after) {
    options.auto_disable_after =
        Duration{unwrap(seconds_to_ms(*auto_disable_after, "auto_disable_after"))};
  }
  options.watch = watch_rule(watch);
  options.breaker_failures = breaker_failures;
  options.breaker_open_for = Duration{unwrap(seconds_to_ms(breaker_open_for, "breaker"))};
  options.max_in_flight = max_in_flight;
  options.max_in_flight_per_endpoint = max_in_flight_per_endpoint;
  CurlOptions curl = transport;
  // With less, what the engine has room for would wait here while its time runs.
  curl.max_connections = static_cast<int>(max_in_flight);
  curl.max_connections_per_host =
      std::max(curl.max_connections_per_host, static_cast<int>(max_in_flight_per_endpoint));
  const auto kept = [](const std::optional<std::int64_t>& ms) {
    return ms ? std::optional(Duration{*ms}) : std::nullopt;
  };
  options.retention = {kept(keep_messages), kept(keep_attempts), kept(keep_inbox)};
  return std::make_unique<Engine>(
      std::move(store), [curl] { return make_curl_transport(curl); }, options, process_clock(),
      process_random());
}

std::optional<TimePoint> time_of(const std::optional<std::int64_t>& unix_ms) {
  return unix_ms ? std::optional(from_unix_ms(*unix_ms)) : std::nullopt;
}

Priority priority_named(const std::string& name) {
  const auto priority = parse_priority(name);
  if (!priority) raise({ErrorCode::config, "must be high, normal or low", "priority"});
  return *priority;
}

NewMessage new_message(const std::string& type, const py::bytes& body,
                       const std::optional<std::string>& tenant,
                       const std::optional<std::string>& idempotency_key,
                       const py::bytes& fingerprint, const std::string& content_type,
                       const std::string& priority, const std::optional<std::int64_t>& deliver_at,
                       const std::optional<std::int64_t>& expires_at,
                       std::vector<std::string> channels,
                       const std::optional<std::int64_t>& event_types_version,
                       const std::string& id) {
  NewMessage message;
  message.message.id = id;  // Empty: the engine makes one.
  message.message.channels = std::move(channels);
  message.event_types_version = event_types_version;
  message.message.type = type;
  message.message.body = std::string(body);
  message.message.tenant = tenant;
  message.message.content_type = content_type;
  message.message.priority = priority_named(priority);
  message.message.expires_at = time_of(expires_at);
  message.deliver_at = time_of(deliver_at);
  message.idempotency_key = idempotency_key;
  message.fingerprint = std::string(fingerprint);
  return message;
}

// (message id, duplicate, delivery keys)
py::tuple enqueued_tuple(const Enqueued& enqueued) {
  return from_stored(
      [&] { return py::make_tuple(enqueued.message_id, enqueued.duplicate, enqueued.deliveries); });
}

// Nothing was stored: Python looks the catalogue up anew and comes again.
bool is_overtaken(const Result<Enqueued>& result) {
  return !result && result.error().code == ErrorCode::conflict &&
         result.error().field == "event_types_version";
}

py::object enqueue(Engine& self, const std::string& type, const py::bytes& body,
                   const std::optional<std::string>& tenant,
                   const std::optional<std::string>& idempotency_key, const py::bytes& fingerprint,
                   const std::string& content_type, const std::string& priority,
                   const std::optional<std::int64_t>& deliver_at,
                   const std::optional<std::int64_t>& expires_at,
                   const std::vector<std::string>& channels,
                   const std::optional<std::int64_t>& event_types_version, const std::string& id) {
  std::vector<NewMessage> messages;
  messages.push_back(new_message(type, body, tenant, idempotency_key, fingerprint, content_type,
                                 priority, deliver_at, expires_at, channels, event_types_version,
                                 id));
  auto results = [&] {
    const ReleasedGil unlocked;
    return self.enqueue(std::move(messages));
  }();
  if (is_overtaken(results.front())) return py::none();
  return enqueued_tuple(unwrap(std::move(results.front())));
}

// One tuple of enqueue()'s arguments each; one tuple, None or exception each in return.
py::list enqueue_many(Engine& self, const std::vector<py::tuple>& rows, bool refusable) {
  std::vector<NewMessage> messages = new_messages(rows);
  for (NewMessage& message : messages) message.refusable = refusable;
  const auto results = [&] {
    const ReleasedGil unlocked;
    return self.enqueue(std::move(messages));
  }();
  return enqueued_list(results);
}

// An endpoint's row as in Store, and a message without an id; the attempt's dict.
py::dict attempt_once(Engine& self, const py::dict& row, const std::string& type,
                      const py::bytes& body, const std::string& content_type) {
  Endpoint endpoint = endpoint_from(row);
  Message message{.id = {}, .type = type, .body = std::string(body), .content_type = content_type};
  bool interrupted = false;
  // On the caller's own thread, so that Ctrl-C ends a test of a silent endpoint.
  const auto should_end = [&] {
    const py::gil_scoped_acquire locked;
    interrupted = PyErr_CheckSignals() != 0;
    return interrupted;
  };
  auto attempted = [&] {
    const ReleasedGil unlocked;
    return self.attempt_once(std::move(endpoint), std::move(message), should_end);
  }();
  if (interrupted) throw py::error_already_set();
  const Attempt attempt = unwrap(std::move(attempted));
  return from_stored([&] { return to_dict(attempt); });
}

void stop(Engine& self, double drain) {
  const Duration wait{unwrap(seconds_to_ms(drain, "drain"))};
  const ReleasedGil unlocked;
  self.stop(wait);
}

void begin_run(Engine& self) {
  const auto begun = [&] {
    const ReleasedGil unlocked;
    return self.begin_run();
  }();
  unwrap(begun);
}

void end_run(Engine& self, double drain) {
  const Duration wait{unwrap(seconds_to_ms(drain, "drain"))};
  const ReleasedGil unlocked;
  self.end_run(wait);
}

// (idle, attempts, delivered, failed attempts, dead)
py::tuple run_until_idle(Engine& self, double wait, double deadline) {
  const Duration wait_ms{unwrap(seconds_to_ms(wait, "wait"))};
  const Duration deadline_ms{unwrap(seconds_to_ms(deadline, "deadline"))};
  const auto result = unwrap([&] {
    const ReleasedGil unlocked;
    return self.run_until_idle(wait_ms, deadline_ms);
  }());
  return py::make_tuple(result.idle, result.counts.attempts, result.counts.delivered,
                        result.counts.failed_attempts, result.counts.dead);
}

// (attempts, delivered, failed attempts, dead)
py::tuple take_counts(Engine& self) {
  const RunCounts counts = self.take_counts();
  return py::make_tuple(counts.attempts, counts.delivered, counts.failed_attempts, counts.dead);
}

py::dict event_dict(const AttemptEvent& event) {
  return py::dict(
      "delivery"_a = event.delivery, "message_id"_a = event.message_id,
      "endpoint_id"_a = event.endpoint_id, "type"_a = event.type, "attempt"_a = event.attempt,
      "status"_a = event.status, "outcome"_a = std::string(to_string(event.outcome)),
      "error"_a = std::string(to_string(event.error)), "error_text"_a = py::bytes(event.error_text),
      "duration"_a = event.duration.count(), "state"_a = std::string(to_string(event.state)),
      "next_attempt_at"_a =
          event.next_attempt_at ? py::cast(to_unix_ms(*event.next_attempt_at)) : py::none(),
      "at"_a = to_unix_ms(event.at));
}

py::list take_events(Engine& self, std::size_t limit) {
  py::list list;
  for (const AttemptEvent& event : self.take_events(limit)) list.append(event_dict(event));
  return list;
}

constexpr const char* kRoles[] = {"stopped", "starting", "leading", "standby"};

}  // namespace

std::vector<NewMessage> new_messages(const std::vector<py::tuple>& rows) {
  std::vector<NewMessage> messages;
  for (const py::tuple& row : rows) {
    messages.push_back(new_message(
        row[0].cast<std::string>(), row[1].cast<py::bytes>(),
        row[2].cast<std::optional<std::string>>(), row[3].cast<std::optional<std::string>>(),
        row[4].cast<py::bytes>(), row[5].cast<std::string>(), row[6].cast<std::string>(),
        row[7].cast<std::optional<std::int64_t>>(), row[8].cast<std::optional<std::int64_t>>(),
        row[9].cast<std::vector<std::string>>(), row[10].cast<std::optional<std::int64_t>>(),
        row[11].cast<std::string>()));
  }
  return messages;
}

py::list enqueued_list(const std::vector<Result<Enqueued>>& results) {
  py::list list;
  for (const auto& result : results) {
    if (is_overtaken(result)) {
      list.append(py::none());
    } else {
      list.append(result ? py::object(enqueued_tuple(*result)) : to_exception(result.error()));
    }
  }
  return list;
}

void register_engine(py::module_& module) {
  py::classh<Engine>(module, "Engine")
      .def(py::init(&make_engine), py::kw_only(), "store"_a, "transport"_a, "breaker_failures"_a,
           "breaker_open_for"_a, "max_in_flight"_a, "max_in_flight_per_endpoint"_a,
           "auto_disable_after"_a, "watch"_a, "keep_messages"_a, "keep_attempts"_a, "keep_inbox"_a)
      .def("enqueue", &enqueue)
      .def("enqueue_many", &enqueue_many, "rows"_a, "refusable"_a = true)
      .def("attempt_once", &attempt_once)
      .def("start",
           [](Engine& self) {
             const auto started = [&] {
               const ReleasedGil unlocked;
               return self.start();
             }();
             unwrap(started);
           })
      .def("stop", &stop)
      .def("running", &Engine::running)
      .def("role", [](Engine& self) { return kRoles[static_cast<int>(self.role())]; })
      .def("wake", &Engine::wake)
      .def("begin_run", &begin_run)
      .def("end_run", &end_run)
      .def("run_until_idle", &run_until_idle)
      .def("take_counts", &take_counts)
      .def("take_events", &take_events)
      .def("take_problems", &Engine::take_problems);
}

}  // namespace webhookcore
