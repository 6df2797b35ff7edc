// The fields of a row's dict, read and made. Private to the row conversions.
#pragma once

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "webhookcore/base/clock.h"
#include "webhookcore/bindings/convert.h"
#include "webhookcore/core/headers.h"

namespace webhookcore::row_fields {

inline py::object ms(const std::optional<TimePoint>& at) {
  return at ? py::cast(to_unix_ms(*at)) : py::none();
}
inline py::object ms(const std::optional<Duration>& wait) {
  return wait ? py::cast(wait->count()) : py::none();
}

template <typename T>
std::optional<T> optional_at(const py::dict& row, const char* name) {
  return row.contains(name) ? row[name].cast<std::optional<T>>() : std::nullopt;
}
inline std::optional<TimePoint> time_at(const py::dict& row, const char* name) {
  const auto value = optional_at<std::int64_t>(row, name);
  return value ? std::optional(from_unix_ms(*value)) : std::nullopt;
}
inline std::optional<Duration> wait_at(const py::dict& row, const char* name) {
  const auto value = optional_at<std::int64_t>(row, name);
  return value ? std::optional(Duration{*value}) : std::nullopt;
}
// Absent: any tenant. Present and None: the scope without a tenant.
inline std::optional<std::optional<std::string>> tenant_at(const py::dict& filter) {
  if (!filter.contains("tenant")) return std::nullopt;
  return filter["tenant"].cast<std::optional<std::string>>();
}

// Stored text that came from outside may be any bytes; nothing a peer sent may make
// the conversion fail.
inline py::str text(const std::string& bytes) {
  return py::reinterpret_steal<py::str>(
      PyUnicode_DecodeUTF8(bytes.data(), static_cast<Py_ssize_t>(bytes.size()), "replace"));
}

inline py::list header_list(const std::vector<OwnedHeader>& headers) {
  py::list pairs;
  for (const OwnedHeader& header : headers) {
    pairs.append(py::make_tuple(py::bytes(header.name), py::bytes(header.value)));
  }
  return pairs;
}

inline std::vector<OwnedHeader> headers_from(const py::handle& pairs) {
  std::vector<OwnedHeader> headers;
  for (const auto& [name, value] : pairs.cast<std::vector<std::pair<py::bytes, py::bytes>>>()) {
    headers.push_back({std::string(name), std::string(value)});
  }
  return headers;
}

}  // namespace webhookcore::row_fields
