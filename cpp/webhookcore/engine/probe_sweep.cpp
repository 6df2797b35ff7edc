#include "webhookcore/engine/probe_sweep.h"

namespace webhookcore {

Result<void> ProbeSweep::step(TimePoint now, Duration monotonic, bool asked) {
  const bool is_time = !last_ || monotonic - *last_ >= every_ || (next_at_ && *next_at_ <= now);
  if (!is_time && !asked) return {};
  const auto probes = store_.release_probes(open_for_, now);
  if (!probes.ok()) return probes.error();
  last_ = monotonic;
  next_at_ = probes->next_at;
  return {};
}

}  // namespace webhookcore
