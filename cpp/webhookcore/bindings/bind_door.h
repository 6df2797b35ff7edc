#pragma once

#include <pybind11/pybind11.h>

namespace webhookcore {

// Addresses of clients, networks that they may be in, and rate limits.
void register_door(pybind11::module_& module);

}  // namespace webhookcore
