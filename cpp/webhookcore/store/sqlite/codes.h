// The numbers that stand in the file for states and causes. They never change: the
// partial indexes of the schema name them, and files outlive programs.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "webhookcore/core/delivery_state.h"
#include "webhookcore/store/rows.h"

namespace webhookcore::sqlite {

// "WHKC", in the file's header (PRAGMA application_id).
inline constexpr std::int64_t kApplicationId = 0x57484B43;

static_assert(static_cast<int>(DeliveryState::pending) == 0);
static_assert(static_cast<int>(DeliveryState::in_flight) == 1);
static_assert(static_cast<int>(DeliveryState::delivered) == 2);
static_assert(static_cast<int>(DeliveryState::dead) == 3);
static_assert(static_cast<int>(DeliveryState::cancelled) == 4);
static_assert(static_cast<int>(ClientErrors::die) == 0);
static_assert(static_cast<int>(ClientErrors::retry) == 1);
static_assert(static_cast<int>(InboxState::pending) == 0);
static_assert(static_cast<int>(InboxState::running) == 1);
static_assert(static_cast<int>(InboxState::done) == 2);
static_assert(static_cast<int>(InboxState::dead) == 3);

template <typename Enum>
constexpr int code_of(Enum value) {
  return static_cast<int>(value);
}

// nullopt for a number that nobody wrote.
template <typename Enum>
constexpr std::optional<Enum> value_of(std::int64_t code, Enum last) {
  if (code < 0 || code > static_cast<int>(last)) return std::nullopt;
  return static_cast<Enum>(code);
}

inline std::optional<DeliveryState> delivery_state_of(std::int64_t code) {
  return value_of(code, DeliveryState::cancelled);
}
inline std::optional<InboxState> inbox_state_of(std::int64_t code) {
  return value_of(code, InboxState::dead);
}

// An endpoint that was deleted keeps its row in a state that rows.h does not know.
enum class EndpointCode : std::uint8_t { enabled = 0, disabled = 1, deleted = 2 };
static_assert(static_cast<int>(EndpointState::enabled) == code_of(EndpointCode::enabled));
static_assert(static_cast<int>(EndpointState::disabled) == code_of(EndpointCode::disabled));

// A newest inbox row that was deleted keeps its place: kDeletedEvent is no state of rows.h.
inline constexpr int kDeletedEvent = 4;
static_assert(kDeletedEvent > static_cast<int>(InboxState::dead));

// Why a pending delivery is not in the due index.
enum class HeldCode : std::uint8_t {
  no = 0,
  endpoint_disabled = 1,
  waits_its_turn = 2,
  behind_breaker = 3
};

constexpr HeldCode held_code(bool endpoint_is_disabled, bool fifo) {
  if (endpoint_is_disabled) return HeldCode::endpoint_disabled;
  return fifo ? HeldCode::waits_its_turn : HeldCode::no;
}

enum class KeyCode : std::uint8_t { claimed = 0, completed = 1 };

enum class Cause : std::uint8_t { send = 0, retry = 1, replay = 2 };
inline constexpr std::array<std::string_view, 3> kCauseNames = {"send", "retry", "replay"};

}  // namespace webhookcore::sqlite
