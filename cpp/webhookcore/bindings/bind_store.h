#pragma once

#include <pybind11/pybind11.h>

namespace webhookcore {

// Store: opening, endpoints, messages, deliveries, the inbox and its claims.
void register_store(pybind11::module_& module);

}  // namespace webhookcore
