// The door for event loops: calls are pushed under the GIL, made by a thread that never
// takes it, and their answers fetched under it. No Python object crosses over: an answer
// is told from the others by its ticket.
#include "webhookcore/bindings/bind_writes.h"

#include <pybind11/stl.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "webhookcore/bindings/acceptor.h"
#include "webhookcore/bindings/bind_engine.h"
#include "webhookcore/bindings/convert.h"
#include "webhookcore/bindings/process_parts.h"
#include "webhookcore/bindings/released_gil.h"
#include "webhookcore/bindings/row_convert.h"
#include "webhookcore/bindings/write_box.h"
#include "webhookcore/engine/outbox.h"
#include "webhookcore/store/write_queue.h"

namespace webhookcore {

namespace {

using py::literals::operator""_a;

template <typename Value>
class StoreCall final : public BoxedCall {
 public:
  using Call = std::function<Result<Value>(Store&)>;
  using Show = py::object (*)(const Value&);

  StoreCall(Call call, Show show) : call_(std::move(call)), show_(show) {}

  void run(Store& store) override { result_ = call_(store); }
  void fail(const Error& error) override { result_ = error; }
  py::object answer() override { return result_ ? show_(*result_) : to_exception(result_.error()); }

 private:
  Call call_;
  Show show_;
  Result<Value> result_ = Error{ErrorCode::closed, "the call was not made"};
};

struct Nothing {};

Result<Nothing> nothing(const Result<void>& done) {
  if (!done) return done.error();
  return Nothing{};
}

py::object none(const Nothing&) { return py::none(); }

template <typename Value>
std::int64_t add(WriteBox& box, typename StoreCall<Value>::Call call,
                 typename StoreCall<Value>::Show show) {
  return box.add(std::make_unique<StoreCall<Value>>(std::move(call), show));
}

// A list with a tuple or an exception for each message.
std::int64_t enqueue_many(WriteBox& self, const std::vector<py::tuple>& rows) {
  return add<std::vector<Result<Enqueued>>>(
      self,
      [messages = new_messages(rows)](Store& store) {
        return Outbox(store, process_clock(), process_random()).enqueue(messages);
      },
      [](const std::vector<Result<Enqueued>>& results) -> py::object {
        return enqueued_list(results);
      });
}

std::int64_t accept_many(WriteBox& self, const std::vector<py::tuple>& rows,
                         const std::string& kept_result, std::int64_t now,
                         std::int64_t time_to_live) {
  return add<std::vector<AcceptResult>>(
      self,
      [events = AcceptedRows(rows), kept_result, now, time_to_live](Store& store) {
        return store.accept_many(events.borrowed(), kept_result, from_unix_ms(now),
                                 Duration{time_to_live});
      },
      [](const std::vector<AcceptResult>& results) -> py::object {
        return accepted_list(results);
      });
}

std::int64_t claim(WriteBox& self, const std::string& source, const std::string& event_key,
                   std::int64_t now, std::int64_t lease) {
  return add<ClaimResult>(
      self,
      [=](Store& store) {
        return store.claim({source, event_key}, from_unix_ms(now), Duration{lease});
      },
      [](const ClaimResult& result) -> py::object { return claim_tuple(result); });
}

std::int64_t complete(WriteBox& self, const std::string& source, const std::string& event_key,
                      const py::bytes& token, const std::string& kept_result, std::int64_t now,
                      std::int64_t time_to_live) {
  const LeaseToken proof{std::string(token)};
  return add<Nothing>(
      self,
      [=](Store& store) {
        return nothing(store.complete({source, event_key}, proof, kept_result, from_unix_ms(now),
                                      Duration{time_to_live}));
      },
      &none);
}

std::int64_t release(WriteBox& self, const std::string& source, const std::string& event_key,
                     const py::bytes& token) {
  const LeaseToken proof{std::string(token)};
  return add<Nothing>(
      self,
      [=](Store& store) {
        return nothing(store.release({source, event_key}, proof));
      },
      &none);
}

}  // namespace

void register_writes(py::module_& module) {
  py::classh<WriteQueue>(module, "WriteQueue")
      .def(py::init<std::shared_ptr<Store>>(), "store"_a)
      .def("close", [](WriteQueue& self, double patience) {
        const Duration wait{unwrap(seconds_to_ms(patience, "patience"))};
        const ReleasedGil unlocked;
        self.close(wait);
      });
  py::classh<WriteBox> box(module, "WriteBox");
  box.def(py::init<std::shared_ptr<WriteQueue>>(), "queue"_a)
      .def("descriptor", &WriteBox::descriptor)
      .def("kick", &WriteBox::kick)
      .def("answer", &WriteBox::answer, "futures"_a)
      // The same names and arguments as of Store and Engine; each gives a ticket.
      .def("enqueue_many", &enqueue_many)
      .def("accept_many", &accept_many, "events"_a, "kept_result"_a, "now"_a, "time_to_live"_a)
      .def("claim", &claim, "source"_a, "event_key"_a, "now"_a, "lease"_a)
      .def("complete", &complete, "source"_a, "event_key"_a, "token"_a, "kept_result"_a, "now"_a,
           "time_to_live"_a)
      .def("release", &release, "source"_a, "event_key"_a, "token"_a);
  register_acceptor(module, box);
}

}  // namespace webhookcore
