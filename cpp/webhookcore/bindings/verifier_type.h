// The C half of webhookcore.Verifier: one call from Python to the verdict, without
// pybind11's argument handling.
#pragma once

#include <pybind11/pybind11.h>

#include <memory>

#include "webhookcore/core/verifier.h"

namespace webhookcore {

// Adds `VerifierBase` to the module.
void register_verifier_type(pybind11::module_& module);

// What a VerifierBase holds; nullptr for one that was closed, and for anything else.
std::shared_ptr<const Verifier> verifier_of(PyObject* object);

}  // namespace webhookcore
