#include "webhookcore/bindings/store_parts.h"

#include <pybind11/stl.h>

#include <optional>
#include <string>

#include "webhookcore/bindings/convert.h"
#include "webhookcore/bindings/row_convert.h"
#include "webhookcore/bindings/store_call.h"

namespace webhookcore {

void register_endpoints(StoreClass& store) {
  store
      .def("create_endpoint",
           [](Store& self, const py::dict& row) {
             const Endpoint endpoint = endpoint_from(row);
             unwrap(without_gil([&] { return self.create_endpoint(endpoint); }));
           })
      .def("update_endpoint",
           [](Store& self, const py::dict& row, std::int64_t now) {
             const Endpoint endpoint = endpoint_from(row);
             return to_unix_ms(
                 unwrap(without_gil([&] { return self.update_endpoint(endpoint, at(now)); })));
           })
      .def("get_endpoint",
           [](Store& self, const std::string& id) {
             return dict_or_none(unwrap(without_gil([&] { return self.get_endpoint(id); })));
           })
      .def("find_endpoint_by_uid",
           [](Store& self, const std::optional<std::string>& tenant, const std::string& uid) {
             return dict_or_none(
                 unwrap(without_gil([&] { return self.find_endpoint_by_uid(tenant, uid); })));
           })
      .def("list_endpoints",
           [](Store& self, const py::dict& filter) {
             const auto wanted = endpoint_filter_from(filter);
             return dicts(unwrap(without_gil([&] { return self.list_endpoints(wanted); })));
           })
      .def("delete_endpoint", [](Store& self, const std::string& id, std::int64_t now) {
        unwrap(without_gil([&] { return self.delete_endpoint(id, at(now)); }));
      });
}

void register_event_types(StoreClass& store) {
  store
      .def("create_event_type",
           [](Store& self, const py::dict& row) {
             const EventType type = event_type_from(row);
             unwrap(without_gil([&] { return self.create_event_type(type); }));
           })
      .def("update_event_type",
           [](Store& self, const py::dict& row, std::int64_t now) {
             const EventType type = event_type_from(row);
             return to_unix_ms(
                 unwrap(without_gil([&] { return self.update_event_type(type, at(now)); })));
           })
      .def("delete_event_type",
           [](Store& self, const std::string& name) {
             unwrap(without_gil([&] { return self.delete_event_type(name); }));
           })
      .def("list_event_types", [](Store& self) {
        const EventTypes listed = unwrap(without_gil([&] { return self.list_event_types(); }));
        return py::make_tuple(listed.version, dicts(listed.types));
      });
}

}  // namespace webhookcore
