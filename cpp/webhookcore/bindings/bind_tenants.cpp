#include <pybind11/stl.h>

#include <cstdint>
#include <optional>
#include <string>

#include "webhookcore/bindings/convert.h"
#include "webhookcore/bindings/store_call.h"
#include "webhookcore/bindings/store_parts.h"

namespace webhookcore {

namespace {

// (max_backlog, sends_per_second, max_endpoints)
py::tuple limits_tuple(const TenantLimits& limits) {
  return py::make_tuple(limits.max_backlog, limits.sends_per_second, limits.max_endpoints);
}

void set_limits(Store& self, const std::string& tenant,
                const std::optional<std::int64_t>& max_backlog,
                const std::optional<double>& sends_per_second,
                const std::optional<std::int64_t>& max_endpoints) {
  const TenantLimits limits{max_backlog, sends_per_second, max_endpoints};
  unwrap(without_gil([&] { return self.set_tenant_limits(tenant, limits); }));
}

}  // namespace

void register_tenants(StoreClass& store) {
  store.def("set_tenant_limits", &set_limits)
      .def("clear_tenant_limits",
           [](Store& self, const std::string& tenant) {
             unwrap(without_gil([&] { return self.clear_tenant_limits(tenant); }));
           })
      .def("get_tenant_limits",
           [](Store& self, const std::string& tenant) -> py::object {
             const auto limits =
                 unwrap(without_gil([&] { return self.get_tenant_limits(tenant); }));
             return limits ? py::object(limits_tuple(*limits)) : py::none();
           })
      .def("list_tenant_limits",
           [](Store& self, const std::string& after, std::size_t limit) {
             const TenantFilter filter{after, limit};
             const auto rows = unwrap(without_gil([&] { return self.list_tenant_limits(filter); }));
             py::list listed;
             for (const TenantRow& row : rows) {
               listed.append(from_stored(
                   [&] { return py::make_tuple(row.tenant, limits_tuple(row.limits)); }));
             }
             return listed;
           })
      .def("count_tenant_backlog", [](Store& self, const std::string& tenant, std::size_t most) {
        return unwrap(without_gil([&] { return self.count_tenant_backlog(tenant, most); }));
      });
}

}  // namespace webhookcore
