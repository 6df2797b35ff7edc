#include "webhookcore/bindings/store_parts.h"

#include <pybind11/stl.h>

#include <string>

#include "webhookcore/bindings/convert.h"
#include "webhookcore/bindings/row_convert.h"
#include "webhookcore/bindings/store_call.h"

namespace webhookcore {

void register_deliveries(StoreClass& store) {
  store
      .def("get_message",
           [](Store& self, const std::string& id) {
             return dict_or_none(unwrap(without_gil([&] { return self.get_message(id); })));
           })
      .def("list_messages",
           [](Store& self, const py::dict& filter) {
             const auto wanted = message_filter_from(filter);
             return dicts(unwrap(without_gil([&] { return self.list_messages(wanted); })));
           })
      .def("poll_messages",
           [](Store& self, const py::dict& filter) {
             const auto wanted = poll_filter_from(filter);
             const PolledMessages polled =
                 unwrap(without_gil([&] { return self.poll_messages(wanted); }));
             return py::make_tuple(dicts(polled.messages), polled.next_key);
           })
      .def("get_delivery",
           [](Store& self, std::int64_t key) {
             return dict_or_none(unwrap(without_gil([&] { return self.get_delivery(key); })));
           })
      .def("list_deliveries",
           [](Store& self, const py::dict& filter) {
             const auto wanted = delivery_filter_from(filter);
             return dicts(unwrap(without_gil([&] { return self.list_deliveries(wanted); })));
           })
      .def("count_deliveries",
           [](Store& self, const py::dict& filter) {
             const auto wanted = delivery_filter_from(filter);
             return to_dict(unwrap(without_gil([&] { return self.count_deliveries(wanted); })));
           })
      .def("count_backlog",
           [](Store& self, std::size_t most) {
             return unwrap(without_gil([&] { return self.count_backlog(most); }));
           })
      .def("list_attempts",
           [](Store& self, std::int64_t key) {
             return dicts(unwrap(without_gil([&] { return self.list_attempts(key); })));
           })
      .def("replay",
           [](Store& self, std::int64_t key, bool force, std::int64_t now) {
             unwrap(without_gil([&] { return self.replay(key, force, at(now)); }));
           })
      .def("cancel",
           [](Store& self, std::int64_t key, std::int64_t now) {
             unwrap(without_gil([&] { return self.cancel(key, at(now)); }));
           })
      .def("delete_dead", [](Store& self, std::int64_t key) {
        unwrap(without_gil([&] { return self.delete_dead(key); }));
      });
}

void register_replays(StoreClass& store) {
  store
      .def("count_replayable",
           [](Store& self, const py::dict& row, std::int64_t now) {
             const ReplayRequest request = replay_request_from(row);
             return unwrap(without_gil([&] { return self.count_replayable(request, at(now)); }));
           })
      .def("begin_replay",
           [](Store& self, const py::dict& row, std::int64_t now) {
             const ReplayRequest request = replay_request_from(row);
             return stored_dict(
                 unwrap(without_gil([&] { return self.begin_replay(request, at(now)); })));
           })
      .def("work_replay",
           [](Store& self, std::int64_t job, std::size_t limit, std::int64_t now) {
             return stored_dict(
                 unwrap(without_gil([&] { return self.work_replay(job, limit, at(now)); })));
           })
      .def("get_replay",
           [](Store& self, std::int64_t job) {
             return dict_or_none(unwrap(without_gil([&] { return self.get_replay(job); })));
           })
      .def("list_replays",
           [](Store& self, const py::dict& filter) {
             const ReplayJobFilter wanted = replay_filter_from(filter);
             return dicts(unwrap(without_gil([&] { return self.list_replays(wanted); })));
           })
      // (deleted, place)
      .def("delete_dead_letters", [](Store& self, const py::dict& filter, std::int64_t place,
                                     std::size_t limit) {
        const DeliveryFilter wanted = delivery_filter_from(filter);
        const std::size_t deleted =
            unwrap(without_gil([&] { return self.delete_dead_letters(wanted, place, limit); }));
        return py::make_tuple(deleted, place);
      });
}

}  // namespace webhookcore
