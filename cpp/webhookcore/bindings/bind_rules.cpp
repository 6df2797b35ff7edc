#include "webhookcore/bindings/bind_rules.h"

#include <pybind11/stl.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "webhookcore/base/clock.h"
#include "webhookcore/base/random.h"
#include "webhookcore/bindings/convert.h"
#include "webhookcore/core/event_pattern.h"
#include "webhookcore/core/reserved_headers.h"
#include "webhookcore/core/retry_policy.h"
#include "webhookcore/core/sending_schemes.h"
#include "webhookcore/core/special/sns_url.h"

namespace webhookcore {

namespace {

bool matches(const std::string& pattern, const std::string& type) {
  return matches_event_pattern(pattern, type);
}

bool is_reserved(const std::string& name, const std::vector<std::string>& schemes) {
  return is_reserved_header(name, schemes);
}

void check_sending(const std::vector<std::string>& schemes,
                   const std::vector<std::string>& own_headers) {
  unwrap(check_sending_schemes(schemes, own_headers));
}

// Unix milliseconds, or None when the schedule (seconds) is spent.
std::optional<std::int64_t> next_attempt(const std::vector<double>& schedule, double jitter,
                                         int failures, std::int64_t now) {
  RetryPolicy policy{.schedule = {}, .jitter = jitter};
  for (const double wait : schedule) {
    policy.schedule.emplace_back(unwrap(seconds_to_ms(wait, "schedule")));
  }
  SystemRandom random;
  const auto next =
      next_attempt_at(policy, failures, std::nullopt, from_unix_ms(now), random.draw());
  return next ? std::optional(to_unix_ms(*next)) : std::nullopt;
}

bool leads_to_sns(const std::string& url) { return is_sns_url(url); }

}  // namespace

void register_rules(py::module_& module) {
  module.def("is_reserved_header", &is_reserved, py::arg("name"), py::arg("schemes"));
  module.def("check_sending_schemes", &check_sending, py::arg("schemes"), py::arg("own_headers"));
  module.def("matches_event_pattern", &matches, py::arg("pattern"), py::arg("type"));
  module.def("next_attempt_at", &next_attempt, py::kw_only(), py::arg("schedule"),
             py::arg("jitter"), py::arg("failures"), py::arg("now"));
  module.def("is_sns_url", &leads_to_sns, py::arg("url"));
}

}  // namespace webhookcore
