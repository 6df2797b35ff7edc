// What every call of a store is made of: it converts under the GIL, works without it, and
// converts back under it.
#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "webhookcore/base/clock.h"
#include "webhookcore/bindings/convert.h"
#include "webhookcore/bindings/released_gil.h"
#include "webhookcore/bindings/row_convert.h"

namespace webhookcore {

template <typename Call>
auto without_gil(Call call) {
  const ReleasedGil unlocked;
  return call();
}

template <typename Row>
py::dict stored_dict(const Row& row) {
  return from_stored([&] { return to_dict(row); });
}

template <typename Row>
py::object dict_or_none(const std::optional<Row>& row) {
  return row ? py::object(stored_dict(*row)) : py::none();
}

template <typename Row>
py::list dicts(const std::vector<Row>& rows) {
  py::list list;
  for (const Row& row : rows) list.append(stored_dict(row));
  return list;
}

inline TimePoint at(std::int64_t unix_ms) { return from_unix_ms(unix_ms); }
inline std::optional<TimePoint> maybe_at(const std::optional<std::int64_t>& unix_ms) {
  return unix_ms ? std::optional(at(*unix_ms)) : std::nullopt;
}

}  // namespace webhookcore
