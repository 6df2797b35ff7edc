// Who may come in, and how often.
#include "webhookcore/bindings/bind_door.h"

#include <pybind11/stl.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "webhookcore/bindings/convert.h"
#include "webhookcore/core/address_set.h"
#include "webhookcore/core/keyed_buckets.h"

namespace webhookcore {

namespace {

constexpr std::size_t kV4Bytes = 4;

// 4 or 16 bytes; None for what is no address.
std::optional<py::bytes> read_address(const py::object& text) {
  const auto parsed = parse_ip(text_bytes(text));
  if (!parsed) return std::nullopt;
  const IpAddress address = without_mapping(*parsed);
  const bool is_v4 = address.family == IpAddress::Family::v4;
  const auto* const bytes = reinterpret_cast<const char*>(address.bytes.data());
  return py::bytes(bytes, is_v4 ? kV4Bytes : address.bytes.size());
}

AddressSet make_set(const std::vector<std::string>& networks) {
  std::vector<Cidr> parsed;
  for (const std::string& network : networks) parsed.push_back(unwrap(parse_cidr(network)));
  return AddressSet(std::move(parsed));
}

bool has_address(const AddressSet& set, const std::string& bytes) {
  IpAddress address;
  if (bytes.size() != kV4Bytes && bytes.size() != address.bytes.size()) return false;
  if (bytes.size() != kV4Bytes) address.family = IpAddress::Family::v6;
  std::copy(bytes.begin(), bytes.end(), address.bytes.begin());
  return set.contains(address);
}

// The lock is never held while Python runs: a fork finds it free.
class RateLimits {
 public:
  RateLimits(double per_second, std::size_t capacity) : buckets_(per_second, capacity) {}

  // `now` in seconds of a clock that does not jump. Seconds to wait, or None.
  std::optional<double> take(const std::string& key, double now) {
    const std::chrono::milliseconds at{unwrap(seconds_to_ms(now, "clock"))};
    const std::lock_guard lock(mutex_);
    const auto wait = buckets_.take(key, at);
    return wait ? std::optional(std::chrono::duration<double>(*wait).count()) : std::nullopt;
  }

  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return buckets_.size();
  }

 private:
  mutable std::mutex mutex_;
  KeyedBuckets buckets_;
};

}  // namespace

void register_door(py::module_& module) {
  module.def("read_address", &read_address, py::arg("text"));
  py::classh<AddressSet>(module, "AddressSet")
      .def(py::init(&make_set), py::arg("networks"))
      .def("contains", &has_address, py::arg("address"), py::pos_only());
  py::classh<RateLimits>(module, "RateLimits")
      .def(py::init<double, std::size_t>(), py::arg("per_second"), py::arg("capacity"))
      .def("take", &RateLimits::take, py::arg("key"), py::arg("now"), py::pos_only())
      .def("size", &RateLimits::size);
}

}  // namespace webhookcore
