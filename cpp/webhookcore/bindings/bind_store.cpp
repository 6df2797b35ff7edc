#include "webhookcore/bindings/bind_store.h"

#include <pybind11/stl.h>

#include <memory>
#include <string>

#include "webhookcore/base/key_ring.h"
#include "webhookcore/bindings/convert.h"
#include "webhookcore/bindings/process_parts.h"
#include "webhookcore/bindings/store_call.h"
#include "webhookcore/bindings/store_parts.h"
#include "webhookcore/core/clock_jump.h"
#include "webhookcore/store/memory/memory_store.h"
#include "webhookcore/store/sqlite/sqlite_store.h"
#include "webhookcore/store/store.h"

namespace webhookcore {

namespace {

using py::literals::operator""_a;

std::shared_ptr<Store> open_sqlite(const std::string& path, bool durable, double busy_timeout,
                                   bool create, const std::string& encryption_keys) {
  const SqliteOptions options{
      .path = path,
      .durability = durable ? Durability::full : Durability::normal,
      .busy_timeout = Duration{unwrap(seconds_to_ms(busy_timeout, "busy_timeout"))},
      .create = create,
      .keys = encryption_keys.empty() ? KeyRing() : unwrap(KeyRing::parse(encryption_keys))};
  return unwrap(without_gil([&] { return open_sqlite_store(options, process_random()); }));
}

std::shared_ptr<Store> open_memory() { return make_memory_store(process_random()); }

py::dict info(Store& store) {
  const StoreInfo info = without_gil([&] { return store.info(); });
  return py::dict("backend"_a = info.backend, "path"_a = info.path,
                  "library_version"_a = info.library_version,
                  "schema_version"_a = info.schema_version, "sealing_key"_a = info.sealing_key);
}

}  // namespace

void register_store(py::module_& module) {
  // Milliseconds.
  py::class_<JumpWatch>(module, "JumpWatch")
      .def(py::init<>())
      .def("step", [](JumpWatch& self, std::int64_t wall, std::int64_t monotonic) {
        return self.step(at(wall), Duration{monotonic}).count();
      });
  StoreClass store(module, "Store");
  store.def("info", &info)
      .def("close", [](Store& self) { without_gil([&] { self.close(); }); })
      .def("leader", [](Store& self) { return without_gil([&] { return self.leader(); }); });
  register_endpoints(store);
  register_event_types(store);
  register_deliveries(store);
  register_replays(store);
  register_metrics(store);
  register_operations(store);
  register_claims(store);
  register_inbox(store);
  register_tenants(store);
  register_upkeep(store);
  module.def("open_sqlite_store", &open_sqlite, py::kw_only(), "path"_a, "durable"_a,
             "busy_timeout"_a, "create"_a, "encryption_keys"_a);
  module.def("open_memory_store", &open_memory);
}

}  // namespace webhookcore
