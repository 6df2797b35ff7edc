#include "webhookcore/core/delivery_state.h"

#include <set>
#include <utility>

#include "catch.h"

using namespace webhookcore;
using State = DeliveryState;
using Signal = DeliverySignal;

namespace {

constexpr int kStates = 5;
constexpr int kSignals = 12;

bool leads(State from, Signal signal, State to, bool counts) {
  const Transition* found = find_transition(from, signal);
  return found && found->to == to && found->counts_as_attempt == counts;
}

}  // namespace

TEST_CASE("a claimed delivery is in flight, and that is no attempt yet") {
  CHECK(leads(State::pending, Signal::claimed, State::in_flight, false));
}

TEST_CASE("what the receiver saw counts as an attempt") {
  CHECK(leads(State::in_flight, Signal::succeeded, State::delivered, true));
  CHECK(leads(State::in_flight, Signal::retry_scheduled, State::pending, true));
  CHECK(leads(State::in_flight, Signal::schedule_spent, State::dead, true));
  CHECK(leads(State::in_flight, Signal::failed_for_good, State::dead, true));
}

TEST_CASE("what the receiver did not see, or died with its process, counts for nothing") {
  CHECK(leads(State::in_flight, Signal::put_back, State::pending, false));
  CHECK(leads(State::in_flight, Signal::reaped, State::pending, false));
  CHECK(leads(State::in_flight, Signal::reaped_too_often, State::dead, false));
}

TEST_CASE("the user may cancel what waits and replay what is dead") {
  CHECK(leads(State::pending, Signal::cancelled, State::cancelled, false));
  CHECK(leads(State::dead, Signal::replayed, State::pending, false));
  CHECK(leads(State::dead, Signal::replayed_by_force, State::pending, false));
  CHECK(leads(State::delivered, Signal::replayed_by_force, State::pending, false));
  CHECK(find_transition(State::delivered, Signal::replayed) == nullptr);
  CHECK(find_transition(State::in_flight, Signal::cancelled) == nullptr);
}

TEST_CASE("what has expired is cancelled, while it waits or instead of its next attempt") {
  CHECK(leads(State::pending, Signal::expired, State::cancelled, false));
  CHECK(leads(State::in_flight, Signal::expired, State::cancelled, true));
}

TEST_CASE("nothing leaves cancelled") {
  for (int signal = 0; signal < kSignals; ++signal) {
    CHECK(find_transition(State::cancelled, static_cast<Signal>(signal)) == nullptr);
  }
}

TEST_CASE("the table says one thing about each state and signal, and nothing unasked") {
  std::set<std::pair<State, Signal>> seen;
  for (const Transition& row : transitions()) {
    CHECK(seen.emplace(row.from, row.signal).second);
    CHECK(find_transition(row.from, row.signal) == &row);
  }
  int found = 0;
  for (int state = 0; state < kStates; ++state) {
    for (int signal = 0; signal < kSignals; ++signal) {
      if (find_transition(static_cast<State>(state), static_cast<Signal>(signal))) ++found;
    }
  }
  CHECK(found == 14);
  CHECK(seen.size() == 14);
}

TEST_CASE("the names of states can be read back and those of signals are distinct") {
  for (int i = 0; i < kStates; ++i) {
    const auto state = static_cast<State>(i);
    CHECK(parse_delivery_state(to_string(state)) == state);
  }
  CHECK(to_string(State::in_flight) == "in_flight");
  CHECK_FALSE(parse_delivery_state("failed"));
  std::set<std::string_view> names;
  for (int i = 0; i < kSignals; ++i) names.insert(to_string(static_cast<Signal>(i)));
  CHECK(names.size() == kSignals);
  CHECK(to_string(Signal::replayed_by_force) == "replayed_by_force");
}
