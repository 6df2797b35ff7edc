// What operators are told (requirement D24): the kinds of events, what makes two of them
// the same, and for how long the second is kept quiet. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "webhookcore/base/clock.h"

namespace webhookcore {

struct OperationalEvent {
  std::int64_t key = 0;  // Of the store; 0: not stored yet. Shown as "oev_<key>".
  std::string type;      // Dotted, such as "endpoint.disabled".
  // What it is about, unless the endpoint says it: two events of one type and one
  // subject are the same event twice.
  std::string subject = {};
  std::optional<std::string> tenant = {};
  std::string endpoint_id = {};  // Empty: about no endpoint.
  std::optional<std::int64_t> delivery = {};
  std::string details = "{}";  // A JSON object.
  TimePoint at{};
  std::int64_t repeats = 0;  // How often it happened again while it was quiet, and
  TimePoint last_at{};       // when last.
};

namespace operational {
inline constexpr const char* kDisabled = "endpoint.disabled";
inline constexpr const char* kOpened = "endpoint.breaker_opened";
inline constexpr const char* kClosed = "endpoint.breaker_closed";
inline constexpr const char* kFailing = "endpoint.failing";
inline constexpr const char* kTenantFailing = "tenant.failing";
inline constexpr const char* kSecretOld = "endpoint.secret_old";
inline constexpr const char* kDead = "delivery.dead";
inline constexpr const char* kBacklogOld = "backlog.old";
inline constexpr const char* kVolume = "volume.unusual";
inline constexpr const char* kQuota = "store.quota";
inline constexpr const char* kKeyMissing = "store.key_missing";
inline constexpr const char* kUnreadable = "endpoint.unreadable";
}  // namespace operational

// For how long an event of the type is not told again; zero: each is told. A type that
// is not known here has an hour.
Duration quiet_period(std::string_view type);

// What two events share that are the same event twice.
std::string sameness(const OperationalEvent& event);

// Whether an event at `now` only repeats one of `last`. A clock that was set back keeps
// nothing quiet for longer than the period.
bool is_repeat(TimePoint last, Duration quiet, TimePoint now);

// Of sends that are refused one after the other, one in this time is counted: to refuse must
// stay cheap.
inline constexpr Duration kRefusalsToldEvery = std::chrono::minutes{1};

// The members of a JSON object, one by one. Texts are UTF-8.
class Details {
 public:
  Details& add(std::string_view name, std::string_view text);
  Details& add(std::string_view name, std::int64_t number);
  Details& add(std::string_view name, double number);
  Details& add(std::string_view name, std::optional<TimePoint> at);  // Unix milliseconds or null.
  std::string json() const { return "{" + members_ + "}"; }

 private:
  Details& add_raw(std::string_view name, std::string_view value);
  std::string members_;
};

// Of kQuota.
std::string quota_details(std::int64_t used_bytes, std::int64_t quota);

}  // namespace webhookcore
