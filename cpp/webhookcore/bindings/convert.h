// The one place that knows both sides of a value: C++ errors become exceptions of
// webhookcore.errors, Python bytes and text become views. Every function here
// needs the GIL.
#pragma once

#include <pybind11/pybind11.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "webhookcore/base/clock.h"
#include "webhookcore/base/error.h"
#include "webhookcore/core/headers.h"

namespace webhookcore {

namespace py = pybind11;

// The exception that stands for the error; see errors.from_core in Python.
py::object to_exception(const Error& error);
[[noreturn]] void raise(const Error& error);

template <typename T>
T unwrap(Result<T> result) {
  if (!result) raise(result.error());
  return std::move(result).value();
}
inline void unwrap(const Result<void>& result) {
  if (!result) raise(result.error());
}

// What `make` makes of stored text. Ids, names and types are UTF-8 when they are stored;
// where they are not, the file is damaged: ErrorCode::store_corrupt.
template <typename Make>
auto from_stored(Make make) {
  try {
    return make();
  } catch (const py::error_already_set& error) {
    if (!error.matches(PyExc_UnicodeDecodeError)) throw;
  }
  raise({ErrorCode::store_corrupt, "the stored text is not UTF-8"});
}

// Unix seconds to milliseconds. ErrorCode::config (`field`) for what is no number of
// a sensible size: NaN, infinity, beyond the year 33658.
Result<std::int64_t> seconds_to_ms(double seconds, const char* field);

// Text of a key, an id or a URL as its UTF-8 bytes; `bytes` as they are. Lone
// surrogates are passed through, so that no text can fail here.
std::string text_bytes(py::handle text);

// Views of a request's headers. Holds whatever must stay alive for them.
class HeaderViews {
 public:
  // A mapping or a sequence of pairs, of str or bytes, in any case; a mapping's
  // value may be a list of values. False with a TypeError set for anything else, or
  // with the exception that the object's own items() raised.
  bool read(PyObject* headers);

  std::span<const Header> views() const { return views_; }

  // False where a name was left out because no byte sequence on the wire can be it.
  bool has_all_names() const { return has_all_names_; }

  // Copies every view into memory of its own, so that the GIL may be let go.
  void own();

 private:
  bool add(PyObject* name, PyObject* value);
  bool add_values(PyObject* name, PyObject* value);
  bool read_pairs(PyObject* pairs);

  std::vector<Header> views_;
  std::vector<OwnedHeader> owned_;
  py::object kept_;
  bool has_all_names_ = true;
};

}  // namespace webhookcore
