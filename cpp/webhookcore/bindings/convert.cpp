#include "webhookcore/bindings/convert.h"

#include <cmath>
#include <span>

namespace webhookcore {

namespace {

const char* name_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::config:
      return "config";
    case ErrorCode::invalid_url:
      return "invalid_url";
    case ErrorCode::blocked_address:
      return "blocked_address";
    case ErrorCode::conflict:
      return "conflict";
    case ErrorCode::already_delivered:
      return "already_delivered";
    case ErrorCode::not_found:
      return "not_found";
    case ErrorCode::lease_lost:
      return "lease_lost";
    case ErrorCode::fetch_failed:
      return "fetch_failed";
    case ErrorCode::store_unavailable:
      return "store_unavailable";
    case ErrorCode::store_busy:
      return "store_busy";
    case ErrorCode::store_full:
      return "store_full";
    case ErrorCode::tenant_limit:
      return "tenant_limit";
    case ErrorCode::store_corrupt:
      return "store_corrupt";
    case ErrorCode::wrong_store_key:
      return "wrong_store_key";
    case ErrorCode::schema_too_new:
      return "schema_too_new";
    case ErrorCode::closed:
      return "closed";
  }
  return "store_unavailable";
}

// The bytes of a str whose characters all fit into one byte (which is how WSGI and
// ASGI hand headers over), or of a bytes object. nullopt for any other str.
std::optional<std::string_view> latin1_view(PyObject* text) {
  if (PyBytes_Check(text)) {
    return std::string_view{PyBytes_AS_STRING(text),
                            static_cast<std::size_t>(PyBytes_GET_SIZE(text))};
  }
#if PY_VERSION_HEX < 0x030C0000
  if (PyUnicode_READY(text) != 0) PyErr_Clear();
#endif
  if (PyUnicode_KIND(text) != PyUnicode_1BYTE_KIND) return std::nullopt;
  return std::string_view{reinterpret_cast<const char*>(PyUnicode_1BYTE_DATA(text)),
                          static_cast<std::size_t>(PyUnicode_GET_LENGTH(text))};
}

bool is_text(PyObject* object) { return PyUnicode_Check(object) || PyBytes_Check(object); }

bool fail_with_type_error() {
  PyErr_SetString(PyExc_TypeError,
                  "headers must be a mapping or a list of (name, value) pairs of str or bytes");
  return false;
}

}  // namespace

py::object to_exception(const Error& error) {
  PYBIND11_CONSTINIT static py::gil_safe_call_once_and_store<py::object> from_core;
  auto& make = from_core
                   .call_once_and_store_result(
                       [] { return py::module_::import("webhookcore.errors").attr("from_core"); })
                   .get_stored();
  // A damaged file may speak through SQLite's messages, in any bytes.
  const auto detail = py::reinterpret_steal<py::str>(PyUnicode_DecodeUTF8(
      error.detail.data(), static_cast<Py_ssize_t>(error.detail.size()), "backslashreplace"));
  if (!detail) throw py::error_already_set();
  if (error.code != ErrorCode::tenant_limit) return make(name_of(error.code), detail, error.field);
  return make(name_of(error.code), detail, error.field, error.tenant,
              static_cast<double>(error.retry_after_ms) / 1000);
}

void raise(const Error& error) {
  const py::object exception = to_exception(error);
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(exception.ptr())), exception.ptr());
  throw py::error_already_set();
}

Result<std::int64_t> seconds_to_ms(double seconds, const char* field) {
  constexpr double kLimit = 1e12;
  if (!(std::abs(seconds) < kLimit)) {
    return Error{ErrorCode::config, "must be a finite number of seconds", field};
  }
  return static_cast<std::int64_t>(std::llround(seconds * 1000.0));
}

std::string text_bytes(py::handle text) {
  if (PyBytes_Check(text.ptr())) return text.cast<py::bytes>();
  if (!PyUnicode_Check(text.ptr())) throw py::type_error("expected str or bytes");
  const auto encoded = py::reinterpret_steal<py::bytes>(
      PyUnicode_AsEncodedString(text.ptr(), "utf-8", "surrogatepass"));
  if (!encoded) throw py::error_already_set();
  return encoded;
}

bool HeaderViews::add(PyObject* name, PyObject* value) {
  if (!is_text(name) || !is_text(value)) return fail_with_type_error();
  const auto name_view = latin1_view(name);
  if (!name_view) {  // No header of any scheme has such a name.
    has_all_names_ = false;
    return true;
  }
  const auto value_view = latin1_view(value);
  views_.push_back({*name_view, value_view.value_or("?"), value_view.has_value()});
  return true;
}

bool HeaderViews::add_values(PyObject* name, PyObject* value) {
  if (!PyList_Check(value) && !PyTuple_Check(value)) return add(name, value);
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(value); ++i) {
    if (!add(name, PySequence_Fast_GET_ITEM(value, i))) return false;
  }
  return true;
}

bool HeaderViews::read_pairs(PyObject* pairs) {
  views_.reserve(static_cast<std::size_t>(PySequence_Fast_GET_SIZE(pairs)));
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(pairs); ++i) {
    PyObject* pair = PySequence_Fast_GET_ITEM(pairs, i);
    const bool is_pair =
        (PyTuple_Check(pair) || PyList_Check(pair)) && PySequence_Fast_GET_SIZE(pair) == 2;
    if (!is_pair) return fail_with_type_error();
    if (!add_values(PySequence_Fast_GET_ITEM(pair, 0), PySequence_Fast_GET_ITEM(pair, 1))) {
      return false;
    }
  }
  return true;
}

bool HeaderViews::read(PyObject* headers) {
  if (PyDict_CheckExact(headers)) {
    views_.reserve(static_cast<std::size_t>(PyDict_GET_SIZE(headers)));
    PyObject *name = nullptr, *value = nullptr;
    for (Py_ssize_t position = 0; PyDict_Next(headers, &position, &name, &value);) {
      if (!add_values(name, value)) return false;
    }
    return true;
  }
  if (PyList_Check(headers) || PyTuple_Check(headers)) return read_pairs(headers);
  if (!PyObject_HasAttrString(headers, "items")) return fail_with_type_error();

  const auto items =
      py::reinterpret_steal<py::object>(PyObject_CallMethod(headers, "items", nullptr));
  if (!items) return false;
  // Kept: the views point into strings that only this list may hold.
  kept_ = py::reinterpret_steal<py::object>(PySequence_List(items.ptr()));
  return kept_ && read_pairs(kept_.ptr());
}

void HeaderViews::own() {
  owned_.reserve(views_.size());
  for (Header& view : views_) {
    const OwnedHeader& copy =
        owned_.emplace_back(OwnedHeader{std::string(view.name), std::string(view.value)});
    view.name = copy.name;
    view.value = copy.value;
  }
}

}  // namespace webhookcore
