#include "webhookcore/bindings/store_parts.h"

#include <pybind11/stl.h>

#include <string>

#include "webhookcore/bindings/convert.h"
#include "webhookcore/bindings/row_convert.h"
#include "webhookcore/bindings/store_call.h"

namespace webhookcore {

void register_operations(StoreClass& store) {
  store
      .def("get_endpoint_health",
           [](Store& self, const std::string& id, std::int64_t now) -> py::object {
             const auto health = unwrap(without_gil([&] { return self.get_endpoint_health(id); }));
             return health ? py::object(to_dict(*health, at(now))) : py::none();
           })
      .def("add_operational_event",
           [](Store& self, const py::dict& row) {
             const OperationalEvent event = operational_event_from(row);
             unwrap(without_gil([&] { return self.add_operational_event(event); }));
           })
      .def(
          "list_operational_events",
          [](Store& self, const py::dict& filter) {
            const auto wanted = operational_filter_from(filter);
            return dicts(unwrap(without_gil([&] { return self.list_operational_events(wanted); })));
          })
      .def("prune_operational_events",
           [](Store& self, std::int64_t before, std::size_t limit) {
             return unwrap(
                 without_gil([&] { return self.prune_operational_events(at(before), limit); }));
           })
      .def("unread_operational_events",
           [](Store& self, const std::string& reader, std::size_t limit) {
             return dicts(unwrap(
                 without_gil([&] { return self.unread_operational_events(reader, limit); })));
           })
      .def("start_operational_reader",
           [](Store& self, const std::string& reader) {
             unwrap(without_gil([&] { return self.start_operational_reader(reader); }));
           })
      .def("advance_operational_reader",
           [](Store& self, const std::string& reader, std::int64_t key) {
             unwrap(without_gil([&] { return self.advance_operational_reader(reader, key); }));
           });
}

}  // namespace webhookcore
