// One run of a prepared statement: values in, rows out.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "webhookcore/base/clock.h"
#include "webhookcore/base/error.h"

struct sqlite3_stmt;

namespace webhookcore::sqlite {

// Bytes bound without a copy: they outlive the Query. Text is always copied.
struct Borrowed {
  std::string_view bytes;
};

// Bytes that are not text.
struct Blob {
  std::string_view bytes;
};

// Resets its statement when it goes, so that no read transaction stays open and no
// value stays bound. One thread at a time, like the connection it came from. A
// statement that did not compile reports it at the first step.
class Query {
 public:
  Query(sqlite3_stmt* statement, bool owned) : statement_(statement), owned_(owned) {}
  explicit Query(Error failure) : failure_(std::move(failure)) {}
  Query(Query&& other) noexcept;
  Query& operator=(Query&&) = delete;
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
  ~Query();

  template <typename... Values>
  void bind_all(const Values&... values) {
    if (statement_ == nullptr) return;
    (bind(values), ...);
  }

  // True: a row stands ready. False: there are no more.
  Result<bool> step();

  // For statements whose rows do not matter.
  Result<void> run();

  // Calls `use` for each row; `use` returns Result<void>, an error ends the loop.
  template <typename Use>
  Result<void> each(Use use) {
    while (true) {
      const auto row = step();
      if (!row) return row.error();
      if (!*row) return {};
      if (auto used = use(); !used) return used;
    }
  }

  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  double real(int column) const;
  std::string text(int column) const;  // Also for blobs.
  // Valid until the next step.
  std::string_view view(int column) const;
  TimePoint time(int column) const { return from_unix_ms(integer(column)); }
  Duration duration(int column) const { return Duration{integer(column)}; }
  std::optional<std::string> optional_text(int column) const;
  std::optional<int> optional_int(int column) const;
  std::optional<TimePoint> optional_time(int column) const;
  std::optional<Duration> optional_duration(int column) const;

 private:
  void bind(std::integral auto value) { bind_integer(static_cast<std::int64_t>(value)); }
  void bind(double value);
  void bind(std::string_view text);
  void bind(const std::string& text) { bind(std::string_view(text)); }
  void bind(const char* text) { bind(std::string_view(text)); }
  void bind(Blob blob);
  void bind(Borrowed blob);
  void bind(TimePoint at) { bind_integer(to_unix_ms(at)); }
  void bind(Duration span) { bind_integer(span.count()); }
  void bind(std::nullopt_t) { ++bound_; }  // Unbound parameters are NULL.
  template <typename T>
  void bind(const std::optional<T>& value) {
    value ? bind(*value) : bind(std::nullopt);
  }
  void bind_integer(std::int64_t value);
  void keep(int code);

  sqlite3_stmt* statement_ = nullptr;
  bool owned_ = false;  // Finalize it; otherwise the connection keeps it for next time.
  int bound_ = 0;
  std::optional<Error> failure_;
};

}  // namespace webhookcore::sqlite
