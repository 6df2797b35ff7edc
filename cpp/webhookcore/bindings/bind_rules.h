#pragma once

#include <pybind11/pybind11.h>

namespace webhookcore {

// matches_event_pattern and next_attempt_at: rules of core that the receiver asks.
void register_rules(pybind11::module_& module);

}  // namespace webhookcore
