#include "webhookcore/bindings/store_parts.h"

#include <pybind11/stl.h>

#include <optional>

#include "webhookcore/bindings/convert.h"
#include "webhookcore/bindings/row_convert.h"
#include "webhookcore/bindings/store_call.h"

namespace webhookcore {

using py::literals::operator""_a;

namespace {

py::dict metrics_dict(const DeliveryMetrics& metrics) {
  const auto ms = [](const std::optional<Duration>& duration) {
    return duration ? py::cast(duration->count()) : py::none();
  };
  py::dict percentiles;
  for (const int percent : {50, 90, 95, 99}) {
    percentiles[py::int_(percent)] = ms(metrics.delivery_time.percentile(percent / 100.0));
  }
  const auto& oldest = metrics.oldest_pending_at;
  return py::dict("messages"_a = metrics.messages, "deliveries"_a = to_dict(metrics.deliveries),
                  "attempts"_a = metrics.attempts, "attempted"_a = metrics.attempted,
                  "retried"_a = metrics.retried, "breaker_trips"_a = metrics.breaker_trips,
                  "delivery_time_mean"_a = ms(metrics.delivery_time.mean()),
                  "delivery_time_percentiles"_a = percentiles, "backlog"_a = metrics.backlog,
                  "oldest_pending_at"_a = oldest ? py::cast(to_unix_ms(*oldest)) : py::none(),
                  "dead_letters"_a = metrics.dead_letters);
}

}  // namespace

void register_metrics(StoreClass& store) {
  store.def("measure", [](Store& self, const py::dict& filter) {
    const auto wanted = metrics_filter_from(filter);
    return metrics_dict(unwrap(without_gil([&] { return self.measure(wanted); })));
  });
}

}  // namespace webhookcore
