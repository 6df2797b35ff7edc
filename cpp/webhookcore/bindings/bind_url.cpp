// Which URLs may be called, and by which addresses.
#include "webhookcore/bindings/bind_url.h"

#include <pybind11/stl.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "webhookcore/bindings/convert.h"
#include "webhookcore/bindings/released_gil.h"
#include "webhookcore/core/address_policy.h"
#include "webhookcore/transport/address_guard.h"
#include "webhookcore/transport/resolver.h"

namespace webhookcore {

namespace {

AddressPolicy make_policy(bool allow_http, const std::vector<std::string>& allow,
                          const std::vector<std::uint16_t>& ports) {
  AddressPolicy policy{.allow_http = allow_http, .allow = {}, .ports = ports};
  for (const std::string& network : allow) policy.allow.push_back(unwrap(parse_cidr(network)));
  return policy;
}

// The URL in its normal form.
std::string checked_url(const AddressPolicy& policy, const py::object& url) {
  return unwrap(check_url(policy, text_bytes(url))).normal_form;
}

// What a name resolves to, once somebody has answered; shared with the resolver's
// thread, which may answer after the wait is over.
struct Answer {
  std::mutex mutex;
  std::condition_variable came;
  std::optional<Resolution> resolution;
};

std::vector<IpAddress> resolve_within(const std::string& host, Duration wait) {
  const auto answer = std::make_shared<Answer>();
  // A resolver of its own: one that is kept would have lost its threads after a fork.
  const auto resolver = make_system_resolver({.threads = 1});
  resolver->resolve(host, [answer](Resolution resolution) {
    const std::lock_guard lock(answer->mutex);
    answer->resolution = std::move(resolution);
    answer->came.notify_one();
  });
  std::unique_lock lock(answer->mutex);
  answer->came.wait_for(lock, wait, [&] { return answer->resolution.has_value(); });
  return answer->resolution ? answer->resolution->addresses : std::vector<IpAddress>{};
}

// Refuses a name of which any address is denied. A name that nobody answers for in
// time passes: what it is dialled at is judged again at every attempt.
void judge_registration(const AddressPolicy& policy, const py::object& url, double wait) {
  const CheckedUrl checked = unwrap(check_url(policy, text_bytes(url)));
  if (checked.host.literal) return;
  const Duration limit{unwrap(seconds_to_ms(wait, "wait"))};
  const auto judged = [&] {
    const ReleasedGil unlocked;
    return AddressGuard(policy).judge_for_registration(resolve_within(checked.host.normal, limit));
  }();
  unwrap(judged);
}

}  // namespace

void register_url(py::module_& module) {
  py::classh<AddressPolicy>(module, "AddressPolicy")
      .def(py::init(&make_policy), py::kw_only(), py::arg("allow_http"), py::arg("allow"),
           py::arg("ports"));
  module.def("check_url", &checked_url, py::arg("policy"), py::arg("url"));
  module.def("judge_registration", &judge_registration, py::arg("policy"), py::arg("url"),
             py::arg("wait"));
}

}  // namespace webhookcore
