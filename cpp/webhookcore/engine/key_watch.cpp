#include "webhookcore/engine/key_watch.h"

#include <utility>

namespace webhookcore {

namespace {

using namespace std::chrono_literals;

constexpr Duration kEvery = 1s;
constexpr Duration kStandsBack = 1s;  // A standby looks five times in it.
constexpr Duration kStandsBackEvery = 10s;
// Longer than an unread delivery is put back for.
constexpr Duration kTroubleLasts = 5s;

}  // namespace

void KeyWatch::note_unread(const std::string& endpoint_id, const Error& error, Duration monotonic) {
  if (error.code != ErrorCode::wrong_store_key && error.code != ErrorCode::store_corrupt) return;
  trouble_ = error;
  trouble_at_ = monotonic;
  if (!told_.contains(endpoint_id)) unread_.try_emplace(endpoint_id, error);
}

Result<void> KeyWatch::step(TimePoint now, Duration monotonic) {
  if (looked_at_ && monotonic - *looked_at_ < kEvery && unread_.empty()) return {};
  if (auto done = look(now, monotonic); !done.ok()) return done;
  if (auto done = tell_of_endpoints(now); !done.ok()) return done;
  looked_at_ = monotonic;
  return {};
}

Result<void> KeyWatch::look(TimePoint now, Duration monotonic) {
  const auto checked = store_.check_keys();
  if (!checked.ok() && checked.error().code != ErrorCode::wrong_store_key) return checked.error();
  const bool was_missing = std::exchange(key_is_missing_, !checked.ok());
  if (!key_is_missing_ || was_missing) return {};
  stepped_back_at_ = monotonic;
  log_.add_problem("the store: " + checked.error().detail +
                   ". Until this process is started anew with it, another one that has it "
                   "delivers, or else only what can be read is delivered");
  return store_.add_operational_event(
      {.type = operational::kKeyMissing,
       .details = Details().add("error", checked.error().detail).json(),
       .at = now});
}

// A missing key is told of once, and not for each endpoint.
Result<void> KeyWatch::tell_of_endpoints(TimePoint now) {
  for (const auto& [id, error] : std::exchange(unread_, {})) {
    told_.insert(id);
    if (error.code == ErrorCode::wrong_store_key) continue;
    log_.add_problem("the endpoint " + id + " cannot be read: " + error.detail);
    auto told =
        store_.add_operational_event({.type = operational::kUnreadable,
                                      .endpoint_id = id,
                                      .details = Details().add("error", error.detail).json(),
                                      .at = now});
    if (!told.ok()) return told;
  }
  return {};
}

bool KeyWatch::steps_back(Duration monotonic) {
  if (!key_is_missing_) return false;
  if (monotonic - stepped_back_at_ >= kStandsBackEvery) stepped_back_at_ = monotonic;
  return monotonic - stepped_back_at_ < kStandsBack;
}

std::optional<Error> KeyWatch::trouble(Duration monotonic) const {
  return trouble_ && monotonic - trouble_at_ < kTroubleLasts ? trouble_ : std::nullopt;
}

}  // namespace webhookcore
