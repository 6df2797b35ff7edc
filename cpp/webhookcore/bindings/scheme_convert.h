// A scheme as the dict of its fields, and back. The words are those of the public
// face (wh.Scheme), so that an error names the keyword that the user wrote.
#pragma once

#include <pybind11/pybind11.h>

#include "webhookcore/core/scheme.h"

namespace webhookcore {

pybind11::dict to_dict(const Scheme& scheme);

// Raises ConfigError with the field at fault.
Scheme scheme_from_dict(const pybind11::dict& fields);

}  // namespace webhookcore
