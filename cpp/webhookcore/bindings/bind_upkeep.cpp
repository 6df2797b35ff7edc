#include "webhookcore/bindings/store_parts.h"

#include <pybind11/stl.h>

#include <optional>

#include "webhookcore/bindings/convert.h"
#include "webhookcore/bindings/row_convert.h"
#include "webhookcore/bindings/store_call.h"

namespace webhookcore {

using py::literals::operator""_a;

namespace {

// A pass, or its first `batches`: (over, messages, deliveries, attempts, events, keys, jobs).
py::tuple prune(Store& self, const std::optional<std::int64_t>& messages_before,
                const std::optional<std::int64_t>& attempts_before,
                const std::optional<std::int64_t>& inbox_before, std::int64_t now,
                std::int64_t budget, const std::optional<int>& batches) {
  const PruneLimits limits{maybe_at(messages_before), maybe_at(attempts_before),
                           maybe_at(inbox_before)};
  PrunePlace place;
  Pruned pruned;
  bool over = false;
  for (int batch = 0; !over && batch < batches.value_or(batch + 1); ++batch) {
    over = unwrap(
        without_gil([&] { return self.prune(limits, place, pruned, at(now), Duration{budget}); }));
    // Between two batches, so that Ctrl-C ends a long pass; each batch is whole.
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
  }
  return py::make_tuple(over, pruned.messages, pruned.deliveries, pruned.attempts, pruned.events,
                        pruned.keys, pruned.jobs);
}

}  // namespace

void register_upkeep(StoreClass& store) {
  store
      .def("prune", &prune, py::kw_only(), "messages_before"_a, "attempts_before"_a,
           "inbox_before"_a, "now"_a, "budget"_a, "batches"_a)
      .def("give_back_pages",
           [](Store& self, std::int64_t pages, std::int64_t keep) {
             return unwrap(without_gil([&] { return self.give_back_pages(pages, keep); }));
           })
      .def("checkpoint", [](Store& self) { without_gil([&] { self.checkpoint(); }); })
      .def("measure_space",
           [](Store& self) {
             const StoreUse use = unwrap(without_gil([&] { return self.measure_space(); }));
             return py::dict("used_bytes"_a = use.used_bytes, "file_bytes"_a = use.file_bytes,
                             "log_bytes"_a = use.log_bytes, "free_bytes"_a = use.free_bytes);
           })
      .def("set_quota",
           [](Store& self, const std::optional<std::int64_t>& bytes) { self.set_quota(bytes); })
      // (resealed, place)
      .def("reseal", [](Store& self, std::int64_t after, std::size_t limit) {
        const std::size_t resealed = unwrap(without_gil([&] { return self.reseal(after, limit); }));
        return py::make_tuple(resealed, after);
      });
}

}  // namespace webhookcore
