// What lives as long as the process, because threads of ours may outlast Python's
// objects: never destroyed.
#pragma once

#include "webhookcore/base/clock.h"
#include "webhookcore/base/random.h"

namespace webhookcore {

inline const Clock& process_clock() {
  static auto* clock = new SystemClock;
  return *clock;
}

inline Random& process_random() {
  static auto* random = new SystemRandom;
  return *random;
}

}  // namespace webhookcore
