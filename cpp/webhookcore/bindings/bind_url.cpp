// Which URLs may be called, and by which addresses.
#include "webhookcore/bindings/bind_url.h"

#include <pybind11/stl.h>

#include <string>
#include <vector>

#include "webhookcore/bindings/convert.h"
#include "webhookcore/core/address_policy.h"
#include "webhookcore/transport/address_guard.h"

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

}  // namespace

void register_url(py::module_& module) {
  py::classh<AddressPolicy>(module, "AddressPolicy")
      .def(py::init(&make_policy), py::kw_only(), py::arg("allow_http"), py::arg("allow"),
           py::arg("ports"));
  module.def("check_url", &checked_url, py::arg("policy"), py::arg("url"));
}

}  // namespace webhookcore
