#pragma once

#include <pybind11/pybind11.h>

namespace webhookcore {

void register_writes(pybind11::module_& module);

}  // namespace webhookcore
