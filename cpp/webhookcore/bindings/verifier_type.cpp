#include "webhookcore/bindings/verifier_type.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "webhookcore/bindings/convert.h"
#include "webhookcore/bindings/event_type.h"
#include "webhookcore/bindings/released_gil.h"
#include "webhookcore/bindings/scheme_object.h"
#include "webhookcore/bindings/verify_call.h"
#include "webhookcore/core/hint.h"
#include "webhookcore/core/special/key_reference.h"
#include "webhookcore/core/verifier.h"

namespace webhookcore {

namespace {

struct VerifierObject {
  PyObject_HEAD
      // Absent before __init__ and after close(). Shared with a call that runs without the
      // GIL while another thread closes.
      std::shared_ptr<const Verifier>* verifier;
  PyObject* event_type;
  PyObject* refuse;  // Makes the exception of a refusal.
  PyObject* rules;   // What is known of the provider beside its signature.
  PyObject* source;
};

VerifierObject* fields_of(PyObject* self) { return reinterpret_cast<VerifierObject*>(self); }

// Without the GIL where that pays.
template <typename Work>
auto work_on(VerifyCall& call, Work work) {
  if (!call.is_large()) return work();
  call.views.own();
  const ReleasedGil unlocked;
  return work();
}

void set_refusal(VerifierObject* self, const Refusal& refusal, const VerifyCall& call) {
  const py::handle refuse(self->refuse);
  // As bytes: what came from outside need not be text.
  const py::object exception =
      refuse(py::cast(std::string(to_string(refusal.reason))),
             py::cast(std::string(refusal.header)), py::handle(reinterpret_cast<PyObject*>(self)),
             call.body, py::handle(call.headers), py::bytes(call.url), py::bytes(call.method),
             static_cast<double>(to_unix_ms(call.now)) / 1000.0);
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(exception.ptr())), exception.ptr());
}

// Held by the call: the headers' own Python code, or another thread, may close the
// verifier meanwhile. nullptr with ConfigError set after close() or without __init__().
std::shared_ptr<const Verifier> open_verifier(VerifierObject* self) {
  if (self->verifier != nullptr && *self->verifier) return *self->verifier;
  const py::object exception =
      to_exception({ErrorCode::config, "this verifier was closed", "verifier"});
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(exception.ptr())), exception.ptr());
  return nullptr;
}

// Runs `body`, which may throw pybind11's exceptions, at the C boundary.
template <typename Body>
PyObject* at_boundary(Body body) {
  try {
    return body();
  } catch (py::error_already_set& error) {
    error.restore();
  } catch (const py::type_error& error) {
    PyErr_SetString(PyExc_TypeError, error.what());
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_RuntimeError, error.what());
  }
  return nullptr;
}

PyObject* verify(PyObject* self, PyObject* const* args, Py_ssize_t positional, PyObject* names) {
  return at_boundary([&]() -> PyObject* {
    VerifierObject* fields = fields_of(self);
    const auto verifier = open_verifier(fields);
    PlacedArguments placed = {};
    VerifyCall call;
    if (verifier == nullptr || !place_arguments(args, positional, names, placed) ||
        !call.read(verifier->scheme(), placed)) {
      return nullptr;
    }
    const Verdict verdict =
        work_on(call, [&] { return verifier->verify(call.request(), call.now); });
    if (const auto* refusal = std::get_if<Refusal>(&verdict)) {
      set_refusal(fields, *refusal, call);
      return nullptr;
    }
    const auto& accepted = std::get<Accepted>(verdict);
    return make_event(reinterpret_cast<PyTypeObject*>(fields->event_type),
                      {call.body.ptr(), call.headers, fields->rules, fields->source,
                       accepted.timestamp, static_cast<Py_ssize_t>(accepted.secret_index)});
  });
}

// (url, id) of the key that the request names; raises what verify() would, as far as that
// can be told without a key. The arguments are those of verify().
PyObject* key_reference(PyObject* self, PyObject* const* args, Py_ssize_t positional,
                        PyObject* names) {
  return at_boundary([&]() -> PyObject* {
    VerifierObject* fields = fields_of(self);
    const auto verifier = open_verifier(fields);
    PlacedArguments placed = {};
    VerifyCall call;
    if (verifier == nullptr || !place_arguments(args, positional, names, placed) ||
        !call.read(verifier->scheme(), placed)) {
      return nullptr;
    }
    const auto found =
        work_on(call, [&] { return find_key_reference(*verifier, call.request(), call.now); });
    if (const auto* refusal = std::get_if<Refusal>(&found)) {
      set_refusal(fields, *refusal, call);
      return nullptr;
    }
    const auto& reference = std::get<KeyReference>(found);
    return py::make_tuple(reference.url, reference.id).release().ptr();
  });
}

// explain(reason, header, body, headers, url, method, now): the hint for a refusal.
PyObject* explain_refusal(PyObject* self, PyObject* const* args, Py_ssize_t count) {
  return at_boundary([&]() -> PyObject* {
    const auto verifier = open_verifier(fields_of(self));
    if (verifier == nullptr || count != 2 + argument_count) {
      if (verifier != nullptr) PyErr_SetString(PyExc_TypeError, "explain() takes 7 arguments");
      return nullptr;
    }
    PlacedArguments placed = {};
    VerifyCall call;
    for (int i = 0; i < argument_count; ++i) placed[i] = args[2 + i];
    if (!call.read(verifier->scheme(), placed)) return nullptr;
    const std::string reason = text_bytes(args[0]);
    const std::string header = text_bytes(args[1]);
    const auto parsed = parse_reason(reason);
    if (!parsed) {
      PyErr_SetString(PyExc_ValueError, "unknown reason");
      return nullptr;
    }
    const std::string hint = explain(*verifier, call.request(), {*parsed, header}, call.now);
    return PyUnicode_DecodeUTF8(hint.data(), static_cast<Py_ssize_t>(hint.size()), "replace");
  });
}

// _mac(content, secret_index=0): for handshakes that prove to the provider that the
// secret is known here. Only what its caller has found short and harmless may come in.
PyObject* mac_of(PyObject* self, PyObject* args) {
  return at_boundary([&]() -> PyObject* {
    PyObject* content = nullptr;
    Py_ssize_t index = 0;
    const auto verifier = open_verifier(fields_of(self));
    if (verifier == nullptr || PyArg_ParseTuple(args, "S|n", &content, &index) == 0) {
      return nullptr;
    }
    const auto keys = verifier->keys();
    const bool known = index >= 0 && static_cast<std::size_t>(index) < keys.size();
    const auto* key =
        known ? std::get_if<HmacKey>(&keys[static_cast<std::size_t>(index)].key) : nullptr;
    if (key == nullptr) raise({ErrorCode::config, "no HMAC key", "secrets"});
    const std::string_view pieces[] = {
        {PyBytes_AS_STRING(content), static_cast<std::size_t>(PyBytes_GET_SIZE(content))}};
    const Digest mac = key->mac(pieces);
    return PyBytes_FromStringAndSize(mac.bytes.data(), static_cast<Py_ssize_t>(mac.size));
  });
}

PyObject* close_verifier(PyObject* self, PyObject*) {
  if (fields_of(self)->verifier != nullptr) fields_of(self)->verifier->reset();
  Py_RETURN_NONE;
}

Result<Verifier> make_verifier(const std::shared_ptr<const Scheme>& scheme,
                               const py::object& secrets, std::optional<Duration> tolerance) {
  if (secrets.is_none()) return Verifier::create_keyless(scheme, tolerance);
  std::vector<Secret> texts;
  std::vector<std::string_view> views;
  for (const py::handle secret : secrets.cast<py::sequence>()) {
    std::string text = text_bytes(secret);
    texts.emplace_back(text);
    wipe(text);
  }
  for (const Secret& text : texts) views.push_back(text.reveal());
  return Verifier::create(scheme, views, tolerance);
}

// Secrets of None: no keys, for schemes whose keys are fetched.
// VerifierBase(scheme, secrets, tolerance, rules, source, event_type, refuse)
int init(PyObject* self, PyObject* args, PyObject*) {
  PyObject *scheme = nullptr, *secrets = nullptr, *tolerance = nullptr, *rules = nullptr,
           *source = nullptr, *event_type = nullptr, *refuse = nullptr;
  if (PyArg_ParseTuple(args, "OOOOUOO", &scheme, &secrets, &tolerance, &rules, &source, &event_type,
                       &refuse) == 0) {
    return -1;
  }
  PyObject* done = at_boundary([&]() -> PyObject* {
    std::optional<Duration> limit;
    if (tolerance != Py_None) limit = Duration{ms_of(tolerance, "tolerance")};
    Verifier verifier = unwrap(make_verifier(py::handle(scheme).cast<SchemeObject>().scheme,
                                             py::reinterpret_borrow<py::object>(secrets), limit));
    VerifierObject* fields = fields_of(self);
    delete fields->verifier;
    fields->verifier =
        new std::shared_ptr<const Verifier>(std::make_shared<Verifier>(std::move(verifier)));
    Py_XSETREF(fields->rules, Py_NewRef(rules));
    Py_XSETREF(fields->source, Py_NewRef(source));
    Py_XSETREF(fields->event_type, Py_NewRef(event_type));
    Py_XSETREF(fields->refuse, Py_NewRef(refuse));
    return Py_None;
  });
  return done == nullptr ? -1 : 0;
}

int traverse(PyObject* self, visitproc visit, void* arg) {
  VerifierObject* fields = fields_of(self);
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(fields->event_type);
  Py_VISIT(fields->refuse);
  Py_VISIT(fields->rules);
  return 0;
}

int clear(PyObject* self) {
  VerifierObject* fields = fields_of(self);
  Py_CLEAR(fields->event_type);
  Py_CLEAR(fields->refuse);
  Py_CLEAR(fields->rules);
  Py_CLEAR(fields->source);
  return 0;
}

void dealloc(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  clear(self);
  delete fields_of(self)->verifier;
  type->tp_free(self);
  Py_DECREF(type);
}

template <typename Function>
PyCFunction as_method(Function* function) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
}

PyMethodDef methods[] = {
    {"verify", as_method(verify), METH_FASTCALL | METH_KEYWORDS,
     "verify(body, headers, url=None, method='POST', now=None) -> Event"},
    {"_key_reference", as_method(key_reference), METH_FASTCALL | METH_KEYWORDS, nullptr},
    {"_explain", as_method(explain_refusal), METH_FASTCALL, nullptr},
    {"_mac", mac_of, METH_VARARGS, nullptr},
    {"close", close_verifier, METH_NOARGS, "Wipes the keys; verify() fails from then on."},
    {nullptr, nullptr, 0, nullptr}};

PyType_Slot slots[] = {{Py_tp_new, reinterpret_cast<void*>(PyType_GenericNew)},
                       {Py_tp_init, reinterpret_cast<void*>(init)},
                       {Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
                       {Py_tp_traverse, reinterpret_cast<void*>(traverse)},
                       {Py_tp_clear, reinterpret_cast<void*>(clear)},
                       {Py_tp_methods, methods},
                       {0, nullptr}};

PyType_Spec spec = {"webhookcore._core.VerifierBase", sizeof(VerifierObject), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, slots};

PyTypeObject* made_type = nullptr;  // Lives as long as the process, like the module.

}  // namespace

void register_verifier_type(py::module_& module) {
  const auto type = py::reinterpret_steal<py::object>(PyType_FromSpec(&spec));
  if (!type) throw py::error_already_set();
  made_type = reinterpret_cast<PyTypeObject*>(Py_NewRef(type.ptr()));
  module.add_object("VerifierBase", type);
}

std::shared_ptr<const Verifier> verifier_of(PyObject* object) {
  if (!PyObject_TypeCheck(object, made_type)) return nullptr;
  const VerifierObject* fields = fields_of(object);
  return fields->verifier == nullptr ? nullptr : *fields->verifier;
}

}  // namespace webhookcore
