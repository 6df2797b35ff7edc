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

#include "webhookcore/base/clock.h"
#include "webhookcore/bindings/convert.h"
#include "webhookcore/bindings/released_gil.h"
#include "webhookcore/core/address_policy.h"
#include "webhookcore/transport/address_guard.h"
#include "webhookcore/transport/client_certificate.h"
#include "webhookcore/transport/curl_transport.h"
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

CurlOptions make_transport_options(const AddressPolicy& policy, const std::string& ca_file,
                                   std::vector<std::string> ca_before,
                                   std::vector<std::string> ca_after,
                                   const std::string& client_cert, const std::string& client_key,
                                   const std::string& proxy, const std::string& interface,
                                   const std::string& user_agent) {
  CurlOptions options;
  options.policy = policy;
  options.ca_file = ca_file;
  options.ca_places = {std::move(ca_before), std::move(ca_after)};
  options.client_cert = client_cert;
  options.client_key = client_key;
  options.proxy = proxy;
  options.interface = interface;
  options.user_agent = user_agent;
  return options;
}

void check_client_files(const std::string& certificate, const std::string& key) {
  unwrap(check_client_certificate(certificate, key, SystemClock{}.now()));
}

}  // namespace

void register_url(py::module_& module) {
  py::classh<AddressPolicy>(module, "AddressPolicy")
      .def(py::init(&make_policy), py::kw_only(), py::arg("allow_http"), py::arg("allow"),
           py::arg("ports"));
  py::classh<CurlOptions>(module, "TransportOptions")
      .def(py::init(&make_transport_options), py::kw_only(), py::arg("policy"), py::arg("ca_file"),
           py::arg("ca_before"), py::arg("ca_after"), py::arg("client_cert"), py::arg("client_key"),
           py::arg("proxy"), py::arg("interface"), py::arg("user_agent"));
  module.def("check_client_certificate", &check_client_files, py::arg("certificate"),
             py::arg("key"));
  module.def("check_url", &checked_url, py::arg("policy"), py::arg("url"));
  module.def("judge_registration", &judge_registration, py::arg("policy"), py::arg("url"),
             py::arg("wait"));
}

}  // namespace webhookcore
