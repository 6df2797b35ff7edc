// A scheme as Python holds it: opaque, immutable, shared with the verifiers made of it.
#pragma once

#include <memory>

#include "webhookcore/core/scheme.h"

namespace webhookcore {

struct SchemeObject {
  std::shared_ptr<const Scheme> scheme;
};

}  // namespace webhookcore
