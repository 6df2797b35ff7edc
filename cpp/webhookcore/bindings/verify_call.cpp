#include "webhookcore/bindings/verify_call.h"

namespace webhookcore {

namespace {

// From here on hashing takes longer than handing the GIL over and back; below it a
// release only costs (performance.md, section 1).
constexpr Py_ssize_t kReleaseGilFrom = Py_ssize_t{8} * 1024;

constexpr const char* kArgumentNames[argument_count] = {"body", "headers", "url", "method", "now"};

bool set_body(VerifyCall& call, PyObject* body) {
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

bool set_now(VerifyCall& call, PyObject* now) {
  if (now == nullptr || now == Py_None) {
    call.now = SystemClock{}.now();
    return true;
  }
  call.now = from_unix_ms(ms_of(now, "now"));
  return true;
}

bool set_url(VerifyCall& call, const Scheme& scheme, PyObject* url) {
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

}  // namespace

std::int64_t ms_of(PyObject* seconds, const char* field) {
  const double number = PyFloat_AsDouble(seconds);
  if (number == -1.0 && PyErr_Occurred() != nullptr) {
    PyErr_Clear();
    raise({ErrorCode::config, "must be a number of seconds", field});
  }
  return unwrap(seconds_to_ms(number, field));
}

bool place_arguments(PyObject* const* args, Py_ssize_t positional, PyObject* names,
                     PlacedArguments& placed) {
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

SignedRequest VerifyCall::request() const {
  return {std::string_view{PyBytes_AS_STRING(body.ptr()),
                           static_cast<std::size_t>(PyBytes_GET_SIZE(body.ptr()))},
          views.views(), url, method};
}

bool VerifyCall::read(const Scheme& scheme, const PlacedArguments& placed) {
  headers = placed[at_headers];
  if (placed[at_method] != nullptr) method = text_bytes(placed[at_method]);
  return set_body(*this, placed[at_body]) && set_url(*this, scheme, placed[at_url]) &&
         set_now(*this, placed[at_now]) && views.read(placed[at_headers]);
}

bool VerifyCall::is_large() const { return PyBytes_GET_SIZE(body.ptr()) >= kReleaseGilFrom; }

}  // namespace webhookcore
