#include "webhookcore/store/sqlite/replayed_rows.h"

#include <algorithm>
#include <limits>

#include "webhookcore/core/claim_rules.h"
#include "webhookcore/core/event_pattern.h"
#include "webhookcore/store/sqlite/codes.h"
#include "webhookcore/store/sqlite/sqlite_error.h"
#include "webhookcore/store/sqlite/text_list.h"

namespace webhookcore::sqlite {

namespace {

struct Pause {
  std::int64_t after = 0;
  std::int64_t until = 0;
};

// The first one that does not end at `place` or before.
Result<std::optional<Pause>> next_pause(Connection& connection, std::int64_t endpoint,
                                        std::int64_t place) {
  auto query = connection.query(
      "SELECT after_message, until_message FROM endpoint_pauses WHERE endpoint = ?"
      " AND (until_message IS NULL OR until_message > ?) ORDER BY after_message LIMIT 1",
      endpoint, place);
  const auto found = query.step();
  if (!found) return found.error();
  if (!*found) return std::optional<Pause>();
  constexpr auto kStillDisabled = std::numeric_limits<std::int64_t>::max();
  return std::optional(
      Pause{query.integer(0), query.is_null(1) ? kStillDisabled : query.integer(1)});
}

bool is_wanted(const PausedEndpoint& endpoint, std::string_view type,
               const std::vector<std::string>& channels) {
  return wants({endpoint.patterns, endpoint.channels}, type, channels);
}

// Also true of one that was deleted since.
Result<bool> was_made_up_for(Connection& connection, std::int64_t message, std::int64_t endpoint) {
  auto query = connection.query("SELECT 1 FROM late_deliveries WHERE message = ? AND endpoint = ?",
                                message, endpoint);
  return query.step();
}

}  // namespace

Result<void> replay_delivery(Connection& connection, DeliveryRow& row, DeliveryState to,
                             TimePoint due, TimePoint now) {
  row.state = to;
  row.budget_used = 0;
  row.reaps = 0;
  row.cause = Cause::replay;
  row.replayed_at = now;
  return put_delivery(connection, row, due, now);
}

Result<bool> was_delivered(Connection& connection, std::int64_t delivery) {
  auto query = connection.query("SELECT 1 FROM attempts WHERE delivery = ? AND outcome = ? LIMIT 1",
                                delivery, to_string(Outcome::delivered));
  return query.step();
}

Result<void> erase_delivery(Connection& connection, std::int64_t delivery) {
  auto attempts = connection.query("DELETE FROM attempts WHERE delivery = ?", delivery).run();
  if (!attempts) return attempts;
  return connection.query("DELETE FROM deliveries WHERE key = ?", delivery).run();
}

Result<std::optional<PausedEndpoint>> find_paused(Connection& connection, std::string_view id) {
  auto query = connection.query(
      "SELECT key, state, tenant, events, fifo, channels FROM endpoints WHERE id = ?", id);
  const auto found = query.step();
  if (!found) return found.error();
  if (!*found || query.integer(1) == code_of(EndpointCode::deleted)) {
    return std::optional<PausedEndpoint>();
  }
  auto patterns = decode_list(query.view(3));
  auto channels = decode_list(query.view(5));
  if (!patterns || !channels) return damaged("list of event patterns");
  return std::optional(PausedEndpoint{query.integer(0), query.integer(4) != 0,
                                      query.optional_text(2), std::move(*patterns),
                                      std::move(*channels)});
}

Result<MissedPage> read_missed(Connection& connection, const PausedEndpoint& endpoint,
                               TimePoint since, TimePoint until, TimePoint now, std::int64_t& place,
                               std::size_t limit) {
  const auto pause = next_pause(connection, endpoint.key, place);
  if (!pause) return pause.error();
  if (!*pause) return MissedPage{.is_last = true};

  MissedPage page;
  std::vector<MissedMessage> wanted;
  std::size_t seen = 0;
  auto query = connection.query(
      "SELECT key, type, tenant, created_at, priority, expires_at, channels, deliver_at FROM"
      " messages WHERE "
      "key > ? AND "
      "key <= ?"
      " ORDER BY key LIMIT ?",
      std::max(place, (*pause)->after), (*pause)->until, limit);
  auto done = query.each([&]() -> Result<void> {
    ++seen;
    place = query.integer(0);
    const auto priority = value_of(query.integer(4), Priority::low);
    const auto channels = decode_list(query.view(6));
    if (!priority || !channels) return damaged("priority or channels of a message");
    const auto expires_at = query.optional_time(5);
    const bool in_time = query.time(3) >= since && query.time(3) <= until;
    if (in_time && !has_expired(expires_at, now) && query.optional_text(2) == endpoint.tenant &&
        is_wanted(endpoint, query.view(1), *channels)) {
      wanted.push_back({place, *priority, query.optional_time(7), expires_at});
    }
    return {};
  });
  if (!done) return done.error();
  // Behind the end of this pause; where it has none, behind all there is.
  if (seen < limit) {
    place = (*pause)->until;
    page.is_last = place == std::numeric_limits<std::int64_t>::max();
  }
  for (const MissedMessage& message : wanted) {
    const auto before = was_made_up_for(connection, message.key, endpoint.key);
    if (!before) return before.error();
    if (!*before) page.messages.push_back(message);
  }
  return page;
}

Result<void> insert_late_delivery(Connection& connection, const MissedMessage& message,
                                  const PausedEndpoint& endpoint, TimePoint due, TimePoint now) {
  auto query = connection.query(
      "UPDATE store_state SET last_late_key = 1 + max(last_late_key,"
      " (SELECT key + fan_out FROM messages ORDER BY key DESC LIMIT 1)) RETURNING last_late_key");
  const auto found = query.step();
  if (!found) return found.error();
  const std::int64_t key = query.integer(0);
  due = std::max({due, now, message.deliver_at.value_or(now)});
  auto done = insert_delivery(connection,
                              {.key = key,
                               .message = message.key,
                               .endpoint = endpoint.key,
                               .fifo = endpoint.fifo,
                               .priority = message.priority,
                               .deliver_at = due,
                               .expires_at = message.expires_at},
                              now);
  if (!done) return done;
  done = connection
             .query("INSERT INTO late_deliveries (message, endpoint, delivery) VALUES (?, ?, ?)",
                    message.key, endpoint.key, key)
             .run();
  if (!done) return done;
  // Once more, for an endpoint that is disabled still: then it is held.
  auto row = find_delivery(connection, key);
  if (!row) return row.error();
  (*row)->cause = Cause::replay;
  return put_delivery(connection, **row, due, now);
}

}  // namespace webhookcore::sqlite
