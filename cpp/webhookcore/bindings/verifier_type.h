// The C half of webhookcore.Verifier: one call from Python to the verdict, without
// pybind11's argument handling.
#pragma once

#include <pybind11/pybind11.h>

namespace webhookcore {

// Adds `VerifierBase` to the module.
void register_verifier_type(pybind11::module_& module);

}  // namespace webhookcore
