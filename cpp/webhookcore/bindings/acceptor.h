// The accept of an ordinary event in one call: verified, identified and stored.
#pragma once

#include "webhookcore/bindings/write_box.h"

namespace webhookcore {

// Adds `Acceptor` to the module, and to the box of an event loop the call of one.
void register_acceptor(py::module_& module, py::classh<WriteBox>& box);

}  // namespace webhookcore
