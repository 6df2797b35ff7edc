#include "webhookcore/core/delivery_state.h"

#include <algorithm>
#include <array>

namespace webhookcore {

namespace {

using State = DeliveryState;
using Signal = DeliverySignal;

constexpr std::array<Transition, 14> kTransitions = {{
    {State::pending, Signal::claimed, State::in_flight, false},
    {State::in_flight, Signal::succeeded, State::delivered, true},
    {State::in_flight, Signal::retry_scheduled, State::pending, true},
    {State::in_flight, Signal::schedule_spent, State::dead, true},
    {State::in_flight, Signal::failed_for_good, State::dead, true},
    {State::in_flight, Signal::put_back, State::pending, false},
    {State::in_flight, Signal::reaped, State::pending, false},
    {State::in_flight, Signal::reaped_too_often, State::dead, false},
    {State::pending, Signal::cancelled, State::cancelled, false},
    {State::pending, Signal::expired, State::cancelled, false},
    {State::in_flight, Signal::expired, State::cancelled, true},
    {State::dead, Signal::replayed, State::pending, false},
    {State::dead, Signal::replayed_by_force, State::pending, false},
    {State::delivered, Signal::replayed_by_force, State::pending, false},
}};

constexpr std::array<std::string_view, 5> kStates = {"pending", "in_flight", "delivered", "dead",
                                                     "cancelled"};
constexpr std::array<std::string_view, 12> kSignals = {
    "claimed",         "succeeded", "retry_scheduled", "schedule_spent",
    "failed_for_good", "put_back",  "reaped",          "reaped_too_often",
    "cancelled",       "expired",   "replayed",        "replayed_by_force"};

}  // namespace

std::span<const Transition> transitions() { return kTransitions; }

const Transition* find_transition(DeliveryState from, DeliverySignal signal) {
  const auto found =
      std::find_if(kTransitions.begin(), kTransitions.end(),
                   [&](const Transition& row) { return row.from == from && row.signal == signal; });
  return found == kTransitions.end() ? nullptr : &*found;
}

std::string_view to_string(DeliveryState state) { return kStates[static_cast<std::size_t>(state)]; }

std::string_view to_string(DeliverySignal signal) {
  return kSignals[static_cast<std::size_t>(signal)];
}

std::optional<DeliveryState> parse_delivery_state(std::string_view text) {
  const auto found = std::find(kStates.begin(), kStates.end(), text);
  if (found == kStates.end()) return std::nullopt;
  return static_cast<DeliveryState>(found - kStates.begin());
}

}  // namespace webhookcore
