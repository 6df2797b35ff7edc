// How a call below the bindings fails. Nothing throws across a layer: a
// fallible call returns Result<T>, and bindings/convert.h alone turns an Error
// into a Python exception.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace webhookcore {

// Each code is one exception class of the public face, except where noted.
enum class ErrorCode : std::uint8_t {
  config,             // An option, a key or an argument that can never work.
  invalid_url,        // The URL's text is refused.
  blocked_address,    // The URL is sound but leads where the policy forbids.
  conflict,           // An idempotency key used again with other content.
  already_delivered,  // A replay of what has been delivered.
  not_found,
  lease_lost,         // A completion whose claim was taken over. Not shown to users: logged.
  fetch_failed,       // A key could not be fetched now.
  store_unavailable,  // The file cannot be opened, read or written.
  store_busy,         // Another process holds the store longer than the wait.
  store_full,         // No space, or the quota is reached.
  tenant_limit,       // A tenant has or sends as much as it may.
  store_corrupt,      // Not a database, not ours, or damaged. Nothing is deleted.
  wrong_store_key,    // Sealed with a key that was not given. Nothing is deleted.
  schema_too_new,     // Written by a newer webhookcore.
  closed,             // The object was closed or belongs to the process before a fork.
};

struct [[nodiscard]] Error {
  ErrorCode code;
  std::string detail;               // For logs and messages. Never holds a secret or a body.
  std::string field = {};           // The option at fault, when one can be named.
  std::string tenant = {};          // Whose limit it is, of tenant_limit,
  std::int64_t retry_after_ms = 0;  // and when there is room again; 0: nobody knows.
};

// Either a value or an Error. Asking for the side that is not there is a
// programming error and ends the process through std::get.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  const Error& error() const { return std::get<1>(state_); }

  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Error& error() const { return *error_; }

 private:
  std::optional<Error> error_;
};

}  // namespace webhookcore
