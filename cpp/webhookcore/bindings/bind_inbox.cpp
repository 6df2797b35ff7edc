#include "webhookcore/bindings/store_parts.h"

#include <pybind11/stl.h>

#include <optional>
#include <string>

#include "webhookcore/bindings/convert.h"
#include "webhookcore/bindings/row_convert.h"
#include "webhookcore/bindings/store_call.h"

namespace webhookcore {

using py::literals::operator""_a;

namespace {

// (how many, place)
template <typename Change>
py::tuple in_places(std::int64_t place, Change change) {
  const std::size_t changed = unwrap(without_gil([&] { return change(place); }));
  return py::make_tuple(changed, place);
}

}  // namespace

void register_inbox(StoreClass& store) {
  store
      .def("get_event",
           [](Store& self, std::int64_t key) {
             return dict_or_none(unwrap(without_gil([&] { return self.get_event(key); })));
           })
      .def("list_events",
           [](Store& self, const py::dict& filter) {
             const auto wanted = inbox_filter_from(filter);
             return dicts(unwrap(without_gil([&] { return self.list_events(wanted); })));
           })
      .def("count_events",
           [](Store& self, const py::dict& filter) {
             const auto wanted = inbox_filter_from(filter);
             const auto counts = unwrap(without_gil([&] { return self.count_events(wanted); }));
             return py::dict("pending"_a = counts.pending, "running"_a = counts.running,
                             "done"_a = counts.done, "dead"_a = counts.dead);
           })
      .def(
          "count_inbox_backlog",
          [](Store& self, std::size_t most, const std::optional<std::string>& source) {
            return unwrap(without_gil([&] { return self.count_inbox_backlog(most, source); }));
          },
          "most"_a, "source"_a = py::none())
      .def("set_max_inbox",
           [](Store& self, const std::optional<std::int64_t>& most) {
             without_gil([&] { self.set_max_inbox(most); });
           })
      .def("replay_event",
           [](Store& self, std::int64_t key, std::int64_t now) {
             unwrap(without_gil([&] { return self.replay_event(key, at(now)); }));
           })
      .def("replay_events",
           [](Store& self, const py::dict& filter, std::int64_t place, std::size_t limit,
              std::int64_t now) {
             const auto wanted = inbox_filter_from(filter);
             return in_places(place, [&](std::int64_t& reached) {
               return self.replay_events(wanted, reached, limit, at(now));
             });
           })
      .def("delete_event",
           [](Store& self, std::int64_t key) {
             unwrap(without_gil([&] { return self.delete_event(key); }));
           })
      .def("delete_events",
           [](Store& self, const py::dict& filter, std::int64_t place, std::size_t limit) {
             const auto wanted = inbox_filter_from(filter);
             return in_places(place, [&](std::int64_t& reached) {
               return self.delete_events(wanted, reached, limit);
             });
           });
}

}  // namespace webhookcore
