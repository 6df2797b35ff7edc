#pragma once

#include <pybind11/pybind11.h>

namespace webhookcore {

// AddressPolicy, TransportOptions and check_url.
void register_url(pybind11::module_& module);

}  // namespace webhookcore
