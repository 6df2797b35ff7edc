#include "webhookcore/bindings/event_type.h"

#include <structmember.h>

#include <cstddef>

namespace webhookcore {

namespace {

struct EventObject {
  PyObject_HEAD PyObject* body;
  PyObject* headers;
  PyObject* rules;  // A webhookcore.Provider.
  PyObject* source;
  PyObject* timestamp_ms;  // int or None.
  Py_ssize_t matched_secret;
};

EventObject* fields_of(PyObject* self) { return reinterpret_cast<EventObject*>(self); }

int traverse(PyObject* self, visitproc visit, void* arg) {
  EventObject* event = fields_of(self);
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(event->body);
  Py_VISIT(event->headers);
  Py_VISIT(event->rules);
  Py_VISIT(event->source);
  Py_VISIT(event->timestamp_ms);
  return 0;
}

int clear(PyObject* self) {
  EventObject* event = fields_of(self);
  Py_CLEAR(event->body);
  Py_CLEAR(event->headers);
  Py_CLEAR(event->rules);
  Py_CLEAR(event->source);
  Py_CLEAR(event->timestamp_ms);
  return 0;
}

void dealloc(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  clear(self);
  type->tp_free(self);
  Py_DECREF(type);
}

PyObject* timestamp_object(const std::optional<TimePoint>& timestamp) {
  if (!timestamp) Py_RETURN_NONE;
  return PyLong_FromLongLong(to_unix_ms(*timestamp));
}

// EventBase(body, headers, rules, source, timestamp_ms, matched_secret): for events
// that come back from a store.
PyObject* new_event(PyTypeObject* type, PyObject* args, PyObject*) {
  PyObject *body = nullptr, *headers = nullptr, *rules = nullptr, *source = nullptr,
           *timestamp = nullptr;
  Py_ssize_t matched_secret = 0;
  if (PyArg_ParseTuple(args, "SOOUOn", &body, &headers, &rules, &source, &timestamp,
                       &matched_secret) == 0) {
    return nullptr;
  }
  std::optional<TimePoint> at;
  if (timestamp != Py_None) {
    const long long ms = PyLong_AsLongLong(timestamp);
    if (ms == -1 && PyErr_Occurred() != nullptr) return nullptr;
    at = from_unix_ms(ms);
  }
  return make_event(type, {body, headers, rules, source, at, matched_secret});
}

PyMemberDef members[] = {
    {"body", T_OBJECT, offsetof(EventObject, body), READONLY, "The exact bytes received."},
    {"_headers", T_OBJECT, offsetof(EventObject, headers), READONLY, nullptr},
    {"_rules", T_OBJECT, offsetof(EventObject, rules), READONLY, nullptr},
    {"source", T_OBJECT, offsetof(EventObject, source), READONLY,
     "Name of the source that received it."},
    {"_timestamp_ms", T_OBJECT, offsetof(EventObject, timestamp_ms), READONLY, nullptr},
    {"matched_secret", T_PYSSIZET, offsetof(EventObject, matched_secret), READONLY,
     "Index of the secret that matched."},
    {nullptr, 0, 0, 0, nullptr}};

PyType_Slot slots[] = {{Py_tp_new, reinterpret_cast<void*>(new_event)},
                       {Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
                       {Py_tp_traverse, reinterpret_cast<void*>(traverse)},
                       {Py_tp_clear, reinterpret_cast<void*>(clear)},
                       {Py_tp_members, members},
                       {0, nullptr}};

PyType_Spec spec = {"webhookcore._core.EventBase", sizeof(EventObject), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, slots};

}  // namespace

PyObject* make_event(PyTypeObject* type, const EventParts& fields) {
  PyObject* timestamp = timestamp_object(fields.timestamp);
  PyObject* self = timestamp == nullptr ? nullptr : type->tp_alloc(type, 0);
  if (self == nullptr) {
    Py_XDECREF(timestamp);
    return nullptr;
  }
  EventObject* event = fields_of(self);
  event->body = Py_NewRef(fields.body);
  event->headers = Py_NewRef(fields.headers);
  event->rules = Py_NewRef(fields.rules);
  event->source = Py_NewRef(fields.source);
  event->timestamp_ms = timestamp;
  event->matched_secret = fields.matched_secret;
  return self;
}

void register_event_type(pybind11::module_& module) {
  const auto type = pybind11::reinterpret_steal<pybind11::object>(PyType_FromSpec(&spec));
  if (!type) throw pybind11::error_already_set();
  module.add_object("EventBase", type);
}

}  // namespace webhookcore
