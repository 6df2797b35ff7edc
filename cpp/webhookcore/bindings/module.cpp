#include <pybind11/pybind11.h>

#include "webhookcore/bindings/bind_door.h"
#include "webhookcore/bindings/bind_engine.h"
#include "webhookcore/bindings/bind_environment.h"
#include "webhookcore/bindings/bind_keys.h"
#include "webhookcore/bindings/bind_rules.h"
#include "webhookcore/bindings/bind_store.h"
#include "webhookcore/bindings/bind_url.h"
#include "webhookcore/bindings/bind_verify.h"
#include "webhookcore/bindings/bind_writes.h"

// Engine threads and libcurl's globals are state of the process: one interpreter.
PYBIND11_MODULE(_core, module) {
  module.doc() = "The C++ core. Private: import webhookcore instead.";
  webhookcore::register_verify(module);
  webhookcore::register_url(module);
  webhookcore::register_keys(module);
  webhookcore::register_rules(module);
  webhookcore::register_door(module);
  webhookcore::register_store(module);
  webhookcore::register_engine(module);
  webhookcore::register_writes(module);
  webhookcore::register_environment(module);
}
