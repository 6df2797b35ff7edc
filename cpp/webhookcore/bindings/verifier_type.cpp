#include "webhookcore/bindings/verifier_type.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "webhookcore/base/clock.h"
#include "webhookcore/bindings/convert.h"
#include "webhookcore/bindings/event_type.h"
#include "webhookcore/bindings/released_gil.h"
#include "webhookcore/bindings/scheme_object.h"
#include "webhookcore/core/hint.h"
#include "webhookcore/core/verifier.h"

namespace webhookcore {

namespace {

// From here on hashing takes longer than handing the GIL over and back; below it a
// release only costs (performance.md, section 1).
constexpr Py_ssize_t kReleaseGilFrom = Py_ssize_t{8} * 1024;

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

// What one call passes, checked and converted; references are borrowed from the
// caller's arguments except where a py::object says otherwise.
struct Call {
  py::object body;
  PyObject* headers = nullptr;
  std::string url;
  std::string method = "POST";
  TimePoint now{};
  HeaderViews views;

  SignedRequest request() const {
    return {std::string_view{PyBytes_AS_STRING(body.ptr()),
                             static_cast<std::size_t>(PyBytes_GET_SIZE(body.ptr()))},
            views.views(), url, method};
  }
};

bool set_body(Call& call, PyObject* body) {
  if (PyBytes_CheckExact(body)) {
    call.body = py::reinterpret_borrow<py::object>(body);
    return true;
  }
  if (PyUnicode_Check(body)) {
    PyErr_SetString(PyExc_TypeError,
                    "body must be the raw bytes of the request, not str: text that was decoded "
                    "and encoded again may not verify");
    return false;
  }
  call.body = py::reinterpret_steal<py::object>(PyBytes_FromObject(body));
  return static_cast<bool>(call.body);
}

// Milliseconds of a number of seconds. Raises ConfigError for anything else, such as
// the "300" that comes out of an environment variable.
std::int64_t ms_of(PyObject* seconds, const char* field) {
  const double number = PyFloat_AsDouble(seconds);
  if (number == -1.0 && PyErr_Occurred() != nullptr) {
    PyErr_Clear();
    raise({ErrorCode::config, "must be a number of seconds", field});
  }
  return unwrap(seconds_to_ms(number, field));
}

bool set_now(Call& call, PyObject* now) {
  if (now == nullptr || now == Py_None) {
    call.now = SystemClock{}.now();
    return true;
  }
  call.now = from_unix_ms(ms_of(now, "now"));
  return true;
}

bool set_url(Call& call, const Scheme& scheme, PyObject* url) {
  if (url != nullptr && url != Py_None) {
    call.url = text_bytes(url);
  } else if (requires_url(scheme)) {
    raise({ErrorCode::config,
           scheme.name + " signs the URL: pass the full public URL that the "
                         "provider calls",
           "url"});
  }
  return true;
}

enum Argument { at_body, at_headers, at_url, at_method, at_now, argument_count };
constexpr const char* kArgumentNames[argument_count] = {"body", "headers", "url", "method", "now"};

// Sorts positional and keyword arguments into their places.
bool place_arguments(PyObject* const* args, Py_ssize_t positional, PyObject* names,
                     PyObject* (&placed)[argument_count]) {
  if (positional > argument_count) {
    PyErr_Format(PyExc_TypeError, "verify() takes at most %d arguments", int{argument_count});
    return false;
  }
  for (Py_ssize_t i = 0; i < positional; ++i) placed[i] = args[i];
  const Py_ssize_t keywords = names == nullptr ? 0 : PyTuple_GET_SIZE(names);
  for (Py_ssize_t i = 0; i < keywords; ++i) {
    PyObject* name = PyTuple_GET_ITEM(names, i);
    int place = 0;
    while (place < argument_count &&
           PyUnicode_CompareWithASCIIString(name, kArgumentNames[place]) != 0) {
      ++place;
    }
    if (place == argument_count || placed[place] != nullptr) {
      PyErr_Format(PyExc_TypeError, "verify() got an unexpected or repeated argument %R", name);
      return false;
    }
    placed[place] = args[positional + i];
  }
  if (placed[at_body] == nullptr || placed[at_headers] == nullptr) {
    PyErr_SetString(PyExc_TypeError, "verify() needs a body and headers");
    return false;
  }
  return true;
}

bool read_call(Call& call, const Scheme& scheme, PyObject* const (&placed)[argument_count]) {
  call.headers = placed[at_headers];
  if (placed[at_method] != nullptr) call.method = text_bytes(placed[at_method]);
  return set_body(call, placed[at_body]) && set_url(call, scheme, placed[at_url]) &&
         set_now(call, placed[at_now]) && call.views.read(placed[at_headers]);
}

Verdict decide(const Verifier& verifier, Call& call) {
  if (PyBytes_GET_SIZE(call.body.ptr()) < kReleaseGilFrom) {
    return verifier.verify(call.request(), call.now);
  }
  call.views.own();
  const ReleasedGil unlocked;
  return verifier.verify(call.request(), call.now);
}

void set_refusal(VerifierObject* self, const Refusal& refusal, const Call& call) {
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
    PyObject* placed[argument_count] = {};
    Call call;
    if (verifier == nullptr || !place_arguments(args, positional, names, placed) ||
        !read_call(call, verifier->scheme(), placed)) {
      return nullptr;
    }
    const Verdict verdict = decide(*verifier, call);
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

// explain(reason, header, body, headers, url, method, now): the hint for a refusal.
PyObject* explain_refusal(PyObject* self, PyObject* const* args, Py_ssize_t count) {
  return at_boundary([&]() -> PyObject* {
    const auto verifier = open_verifier(fields_of(self));
    if (verifier == nullptr || count != 2 + argument_count) {
      if (verifier != nullptr) PyErr_SetString(PyExc_TypeError, "explain() takes 7 arguments");
      return nullptr;
    }
    PyObject* placed[argument_count] = {};
    Call call;
    for (int i = 0; i < argument_count; ++i) placed[i] = args[2 + i];
    if (!read_call(call, verifier->scheme(), placed)) return nullptr;
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
    const char* content = nullptr;
    Py_ssize_t size = 0, index = 0;
    const auto verifier = open_verifier(fields_of(self));
    if (verifier == nullptr || PyArg_ParseTuple(args, "y#|n", &content, &size, &index) == 0) {
      return nullptr;
    }
    const auto keys = verifier->keys();
    const bool known = index >= 0 && static_cast<std::size_t>(index) < keys.size();
    const auto* key =
        known ? std::get_if<HmacKey>(&keys[static_cast<std::size_t>(index)].key) : nullptr;
    if (key == nullptr) raise({ErrorCode::config, "no HMAC key", "secrets"});
    const std::string_view pieces[] = {{content, static_cast<std::size_t>(size)}};
    const Digest mac = key->mac(pieces);
    return PyBytes_FromStringAndSize(mac.bytes.data(), static_cast<Py_ssize_t>(mac.size));
  });
}

PyObject* close_verifier(PyObject* self, PyObject*) {
  if (fields_of(self)->verifier != nullptr) fields_of(self)->verifier->reset();
  Py_RETURN_NONE;
}

Result<Verifier> make_verifier(const std::shared_ptr<const Scheme>& scheme,
                               const py::sequence& secrets, std::optional<Duration> tolerance) {
  std::vector<Secret> texts;
  std::vector<std::string_view> views;
  for (const py::handle secret : secrets) {
    std::string text = text_bytes(secret);
    texts.emplace_back(text);
    wipe(text);
  }
  for (const Secret& text : texts) views.push_back(text.reveal());
  return Verifier::create(scheme, views, tolerance);
}

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
                                             py::handle(secrets).cast<py::sequence>(), limit));
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

}  // namespace

void register_verifier_type(py::module_& module) {
  const auto type = py::reinterpret_steal<py::object>(PyType_FromSpec(&spec));
  if (!type) throw py::error_already_set();
  module.add_object("VerifierBase", type);
}

}  // namespace webhookcore
