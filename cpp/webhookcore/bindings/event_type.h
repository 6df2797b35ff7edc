// The C half of webhookcore.Event: five fields set in one go. A pybind11 class would
// cost more than the MAC of a small body (performance.md, section 1).
#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>
#include <optional>

#include "webhookcore/base/clock.h"

namespace webhookcore {

// Adds `EventBase` to the module.
void register_event_type(pybind11::module_& module);

struct EventParts {  // Borrowed.
  PyObject* body;
  PyObject* headers;
  PyObject* rules;
  PyObject* source;
  std::optional<TimePoint> timestamp;
  Py_ssize_t matched_secret;
};

// A new instance of `type`, a subclass of EventBase, without calling its __init__.
// nullptr with MemoryError set when there is no memory.
PyObject* make_event(PyTypeObject* type, const EventParts& fields);

}  // namespace webhookcore
