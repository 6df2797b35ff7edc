#pragma once

#include <pybind11/pybind11.h>

#include <vector>

#include "webhookcore/base/error.h"
#include "webhookcore/store/rows.h"

namespace webhookcore {

void register_engine(pybind11::module_& module);

// Of tuples that hold the arguments of Engine.enqueue().
std::vector<NewMessage> new_messages(const std::vector<pybind11::tuple>& rows);
// What Engine.enqueue_many() returns.
pybind11::list enqueued_list(const std::vector<Result<Enqueued>>& results);

}  // namespace webhookcore
