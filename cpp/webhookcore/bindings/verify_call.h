// What a caller passes about one request, from C's calling convention to a
// SignedRequest. Every function here needs the GIL.
#pragma once

#include <string>

#include "webhookcore/base/clock.h"
#include "webhookcore/bindings/convert.h"
#include "webhookcore/core/verifier.h"

namespace webhookcore {

enum Argument { at_body, at_headers, at_url, at_method, at_now, argument_count };

using PlacedArguments = PyObject* [argument_count];  // Borrowed; nullptr where absent.

// Sorts positional and keyword arguments into their places. False with TypeError set.
bool place_arguments(PyObject* const* args, Py_ssize_t positional, PyObject* names,
                     PlacedArguments& placed);

// Checked and converted; references are borrowed from the caller's arguments except
// where a py::object says otherwise.
struct VerifyCall {
  py::object body;
  PyObject* headers = nullptr;
  std::string url;
  std::string method = "POST";
  TimePoint now{};
  HeaderViews views;

  SignedRequest request() const;

  // False with an exception set, or throws one.
  bool read(const Scheme& scheme, const PlacedArguments& placed);

  // Whether the work on it takes longer than handing the GIL over and back.
  bool is_large() const;
};

// Milliseconds of a number of seconds. Raises ConfigError for anything else, such as
// the "300" that comes out of an environment variable.
std::int64_t ms_of(PyObject* seconds, const char* field);

}  // namespace webhookcore
