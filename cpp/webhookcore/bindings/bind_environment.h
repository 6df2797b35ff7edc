#pragma once

#include <pybind11/pybind11.h>

namespace webhookcore {

// What `webhookcore doctor` shows: versions of the libraries, where they were loaded
// from, and the certificate authorities.
void register_environment(pybind11::module_& module);

}  // namespace webhookcore
