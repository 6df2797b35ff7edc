#include "webhookcore/core/claim_rules.h"

#include <algorithm>

namespace webhookcore {

bool claim_is_free(ClaimOwner owner, TimePoint lease_expires_at, TimePoint now) {
  return owner == ClaimOwner::gone || lease_expires_at <= now;
}

DeliverySignal reap_signal(int reaps) {
  return reaps + 1 >= kMaxReaps ? DeliverySignal::reaped_too_often : DeliverySignal::reaped;
}

bool is_suspect(int reaps) { return reaps >= kSuspectReaps; }

SuspectPlaces::SuspectPlaces(std::size_t in_hand)
    : left_(kSuspectsAtOnce - std::min(kSuspectsAtOnce, in_hand)) {}

bool SuspectPlaces::take() {
  if (left_ == 0) return false;
  --left_;
  return true;
}

bool has_expired(std::optional<TimePoint> expires_at, TimePoint at) {
  return expires_at && *expires_at <= at;
}

bool crashes_are_spent(int crashes) { return crashes + 1 >= kMaxInboxCrashes; }

}  // namespace webhookcore
