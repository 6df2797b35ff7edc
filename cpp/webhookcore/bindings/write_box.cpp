#include "webhookcore/bindings/write_box.h"

#include <utility>

namespace webhookcore {

namespace {

// What cannot be shown is the one call's error, and not that of all the others.
py::object answer_of(BoxedCall& call) {
  try {
    return call.answer();
  } catch (py::error_already_set& error) {
    return error.value();
  }
}

struct Names {
  py::str done{"done"};
  py::str set_result{"set_result"};
  py::str set_exception{"set_exception"};
};

const Names& names() {
  PYBIND11_CONSTINIT static py::gil_safe_call_once_and_store<Names> kept;
  return kept.call_once_and_store_result([] { return Names(); }).get_stored();
}

void settle(py::handle future, py::handle answer) {
  const auto done = py::reinterpret_steal<py::object>(
      PyObject_CallMethodNoArgs(future.ptr(), names().done.ptr()));
  if (!done) throw py::error_already_set();
  // Whoever waited was cancelled; what was written stays written.
  if (done.is(py::bool_(true))) return;
  const bool failed = PyExceptionInstance_Check(answer.ptr());
  const py::str& method = failed ? names().set_exception : names().set_result;
  const auto set = py::reinterpret_steal<py::object>(
      PyObject_CallMethodOneArg(future.ptr(), method.ptr(), answer.ptr()));
  if (!set) throw py::error_already_set();
}

}  // namespace

WriteBox::WriteBox(std::shared_ptr<WriteQueue> queue)
    : queue_(std::move(queue)), box_(unwrap(Mailbox::make())) {}

std::int64_t WriteBox::add(std::unique_ptr<BoxedCall> call) {
  call->ticket = ++last_ticket_;
  waiting_.push_back(std::move(call));
  return last_ticket_;
}

void WriteBox::kick() { queue_->push(std::exchange(waiting_, {}), box_); }

bool WriteBox::answer(const py::dict& futures) {
  const QueuedCalls calls = box_->take();
  for (const auto& call : calls) {
    auto& boxed = dynamic_cast<BoxedCall&>(*call);
    const py::int_ ticket(boxed.ticket);
    const auto future =
        py::reinterpret_borrow<py::object>(PyDict_GetItemWithError(futures.ptr(), ticket.ptr()));
    if (!future || PyDict_DelItem(futures.ptr(), ticket.ptr()) != 0) {
      throw py::key_error("a ticket without a future");
    }
    settle(future, answer_of(boxed));
  }
  return !calls.empty();
}

}  // namespace webhookcore
