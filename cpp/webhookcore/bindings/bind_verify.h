// One function per family of bindings; module.cpp is their table of contents.
#pragma once

#include <pybind11/pybind11.h>

namespace webhookcore {

void register_verify(pybind11::module_& module);

}  // namespace webhookcore
