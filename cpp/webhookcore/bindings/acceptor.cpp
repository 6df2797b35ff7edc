#include "webhookcore/bindings/acceptor.h"

#include <pybind11/stl.h>

#include <cmath>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "webhookcore/bindings/process_parts.h"
#include "webhookcore/bindings/released_gil.h"
#include "webhookcore/bindings/row_convert.h"
#include "webhookcore/bindings/verifier_type.h"
#include "webhookcore/bindings/verify_call.h"
#include "webhookcore/core/correlation_id.h"
#include "webhookcore/core/plain_event.h"
#include "webhookcore/store/store.h"

namespace webhookcore {

namespace {

using py::literals::operator""_a;

constexpr std::string_view kKeptResult = "\"accepted\"";  // That an accepted key is completed with.

struct AcceptedEvent {
  InboxEvent row;
  std::optional<std::string> key;
  Duration time_to_live;

  Result<AcceptResult> accept(Store& store) const {
    const NewEvent events[] = {{row, key}};
    auto results = store.accept_many(events, kKeptResult, row.received_at, time_to_live);
    if (!results) return results.error();
    return std::move(results->front());
  }
};

// JSON as receiver/answers.py writes it; the id is text that needs no escapes.
py::bytes written(const char* word, const std::optional<std::string>& id, std::string_view kept) {
  std::string json = "{\"status\":\"";
  json += word;
  json += "\",\"event_id\":";
  json += id ? '"' + *id + '"' : "null";
  json += ",\"result\":";
  json += kept;
  return json + '}';
}

// (outcome, status, body of the answer), or what accept_many() gives where there is more to say.
py::object answer_to(const AcceptResult& result, const std::optional<std::string>& id) {
  switch (result.kind) {
    case AcceptResult::Kind::accepted:
      return py::make_tuple("accepted", 202, written("accepted", id, kKeptResult));
    case AcceptResult::Kind::revived:
      return py::make_tuple("revived", 202, written("accepted", id, kKeptResult));
    case AcceptResult::Kind::duplicate: {
      const std::string_view kept = result.kept_result.empty() ? "null" : result.kept_result;
      if (kept != "null" && kept != kKeptResult) break;
      return py::make_tuple("duplicate", 200, written("duplicate", id, kept));
    }
    case AcceptResult::Kind::running:
      break;
  }
  return accepted_list({result});
}

class AcceptCall final : public BoxedCall {
 public:
  explicit AcceptCall(AcceptedEvent event) : event_(std::move(event)) {}

  void run(Store& store) override { result_ = event_.accept(store); }
  void fail(const Error& error) override { result_ = error; }
  py::object answer() override {
    return result_ ? answer_to(*result_, event_.row.event_id) : to_exception(result_.error());
  }

 private:
  AcceptedEvent event_;
  Result<AcceptResult> result_ = Error{ErrorCode::closed, "the call was not made"};
};

// (is a header, its name or a path, the only value that counts)
using PlaceTuple = std::tuple<bool, std::string, std::optional<std::string>>;
using PlaceTuples = std::vector<PlaceTuple>;

EventPlaces places_from(const PlaceTuples& tuples) {
  EventPlaces places;
  for (const auto& [is_header, name, only] : tuples) {
    places.push_back({is_header ? EventPlace::Kind::header : EventPlace::Kind::body, name, only});
  }
  return places;
}

// Of one source; immutable, and shared between threads.
class Acceptor {
 public:
  Acceptor(py::object verifier, PlainEventRules rules, InboxEvent row, Duration time_to_live)
      : verifier_(std::move(verifier)),
        rules_(std::move(rules)),
        row_(std::move(row)),
        time_to_live_(time_to_live) {}

  // nullopt where the long way is needed, which then looks at everything again.
  std::optional<AcceptedEvent> read(const py::object& body, const py::object& headers,
                                    const py::object& now) const {
    const auto verifier = verifier_of(verifier_.ptr());
    VerifyCall call;
    // Of numbers of other types Python alone knows how to round them.
    const bool has_time = PyFloat_Check(now.ptr()) || PyLong_Check(now.ptr());
    if (verifier == nullptr || !has_time ||
        !read_call(call, verifier->scheme(), body, headers, now)) {
      return std::nullopt;
    }
    auto event = look_at(call, *verifier);
    if (!event) return std::nullopt;
    AcceptedEvent accepted{row_, std::move(event->identity.key), time_to_live_};
    InboxEvent& row = accepted.row;
    row.event_id = std::move(event->identity.id);
    row.type = std::move(event->identity.type);
    row.body = call.request().body;
    row.headers = std::move(event->headers);
    if (!event->has_correlation_id) {
      row.headers.push_back(
          {std::string(kMadeCorrelationHeader), make_correlation_id(process_random())});
    }
    row.timestamp = event->accepted.timestamp;
    row.matched_secret = event->accepted.secret_index;
    // As Python's round() does.
    row.received_at = from_unix_ms(std::llrint(PyFloat_AsDouble(now.ptr()) * 1000.0));
    return accepted;
  }

 private:
  // False where it would raise: the long way raises it. What ends the program, such as
  // KeyboardInterrupt, comes only once.
  static bool read_call(VerifyCall& call, const Scheme& scheme, const py::object& body,
                        const py::object& headers, const py::object& now) {
    PlacedArguments placed = {};
    placed[at_body] = body.ptr();
    placed[at_headers] = headers.ptr();
    placed[at_now] = now.ptr();
    try {
      if (call.read(scheme, placed)) return call.views.has_all_names();
      throw py::error_already_set();
    } catch (const py::error_already_set& error) {
      if (!error.matches(PyExc_Exception)) throw;
    } catch (const py::type_error&) {
    }
    return false;
  }

  std::optional<PlainEvent> look_at(VerifyCall& call, const Verifier& verifier) const {
    if (!call.is_large()) return read_plain_event(rules_, verifier, call.request(), call.now);
    call.views.own();
    const ReleasedGil unlocked;
    return read_plain_event(rules_, verifier, call.request(), call.now);
  }

  py::object verifier_;
  PlainEventRules rules_;
  InboxEvent row_;  // What all its events have.
  Duration time_to_live_;
};

// None where requests of the scheme cannot be looked at without their URL.
std::unique_ptr<Acceptor> make_acceptor(const py::object& verifier, const std::string& source,
                                        const std::string& provider, const std::string& priority,
                                        const PlaceTuples& id, const PlaceTuples& type,
                                        const PlaceTuples& suffix,
                                        const std::vector<PlaceTuples>& key, bool needs_id,
                                        std::optional<std::vector<std::string>> types,
                                        const std::string& secret_header, std::size_t max_body,
                                        std::int64_t time_to_live) {
  const auto inside = verifier_of(verifier.ptr());
  if (inside == nullptr || !can_be_plain(inside->scheme())) return nullptr;
  PlainEventRules rules{.identity = {places_from(id), places_from(type), places_from(suffix), {}},
                        .needs_id = needs_id,
                        .types = std::move(types),
                        .secret_header = secret_header,
                        .max_body = max_body};
  for (const PlaceTuples& group : key) rules.identity.key.push_back(places_from(group));
  InboxEvent row{.source = source, .provider = provider, .body = {}};
  const auto rank = parse_priority(priority);
  if (!rank) raise({ErrorCode::config, "must be high, normal or low", "priority"});
  row.priority = *rank;
  return std::make_unique<Acceptor>(verifier, std::move(rules), std::move(row),
                                    Duration{time_to_live});
}

py::object accept_now(const Acceptor& self, Store& store, const py::object& body,
                      const py::object& headers, const py::object& now) {
  const auto event = self.read(body, headers, now);
  if (!event) return py::none();
  const auto result = unwrap([&] {
    const ReleasedGil unlocked;
    return event->accept(store);
  }());
  return answer_to(result, event->row.event_id);
}

// The ticket, or None: nothing was done.
std::optional<std::int64_t> accept_soon(WriteBox& box, const Acceptor& acceptor,
                                        const py::object& body, const py::object& headers,
                                        const py::object& now) {
  auto event = acceptor.read(body, headers, now);
  if (!event) return std::nullopt;
  return box.add(std::make_unique<AcceptCall>(std::move(*event)));
}

// Of pairs of str or bytes.
std::optional<std::string> correlation_id(const py::object& headers) {
  HeaderViews views;
  if (!views.read(headers.ptr())) throw py::error_already_set();
  return find_correlation_id(views.views());
}

}  // namespace

void register_acceptor(py::module_& module, py::classh<WriteBox>& box) {
  py::classh<Acceptor>(module, "Acceptor")
      .def("accept", &accept_now, "store"_a, "body"_a, "headers"_a, "now"_a, py::pos_only());
  module.def("make_acceptor", &make_acceptor, py::kw_only(), "verifier"_a, "source"_a, "provider"_a,
             "priority"_a, "id"_a, "type"_a, "suffix"_a, "key"_a, "needs_id"_a, "types"_a,
             "secret_header"_a, "max_body"_a, "time_to_live"_a);
  box.def("accept", &accept_soon, "acceptor"_a, "body"_a, "headers"_a, "now"_a, py::pos_only());
  module.def("find_correlation_id", &correlation_id, "headers"_a);
  module.def("make_correlation_id", [] { return make_correlation_id(process_random()); });
  module.attr("MADE_CORRELATION_HEADER") = std::string(kMadeCorrelationHeader);
}

}  // namespace webhookcore
