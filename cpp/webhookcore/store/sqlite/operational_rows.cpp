#include "webhookcore/store/sqlite/operational_rows.h"

#include <optional>
#include <utility>

namespace webhookcore::sqlite {

namespace {

struct Told {
  std::int64_t key = 0;
  TimePoint at{};
  TimePoint last_at{};
};

Result<std::optional<Told>> last_told(Connection& connection, const std::string& same) {
  auto query = connection.query(
      "SELECT key, created_at, last_at FROM operational_events WHERE sameness = ?"
      " ORDER BY key DESC LIMIT 1",
      same);
  const auto found = query.step();
  if (!found) return found.error();
  if (!*found) return std::optional<Told>();
  return std::optional(Told{query.integer(0), query.time(1), query.time(2)});
}

Result<void> insert_event(Connection& connection, const OperationalEvent& event,
                          const std::string& same) {
  return connection
      .query(
          "INSERT INTO operational_events (type, sameness, subject, tenant, endpoint, delivery,"
          " details, created_at, repeats, last_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, ?8)",
          event.type, same, event.subject, event.tenant, event.endpoint_id, event.delivery,
          event.details, event.at)
      .run();
}

}  // namespace

Result<void> add_operational_event(Connection& connection, const OperationalEvent& event) {
  const std::string same = sameness(event);
  const Duration quiet = quiet_period(event.type);
  if (quiet > Duration::zero()) {
    const auto told = last_told(connection, same);
    if (!told) return told.error();
    if (*told && is_repeat((*told)->at, quiet, event.at)) {
      return connection
          .query("UPDATE operational_events SET repeats = repeats + 1, last_at = ? WHERE key = ?",
                 event.at, (*told)->key)
          .run();
    }
  }
  return insert_event(connection, event, same);
}

Result<void> add_refusal_event(Connection& connection, const OperationalEvent& event) {
  const auto told = last_told(connection, sameness(event));
  if (!told) return told.error();
  if (*told && is_repeat((*told)->last_at, kRefusalsToldEvery, event.at)) return {};
  return add_operational_event(connection, event);
}

Result<void> add_endpoint_event(Connection& connection, std::int64_t endpoint,
                                OperationalEvent event) {
  {
    auto query = connection.query("SELECT id, tenant FROM endpoints WHERE key = ?", endpoint);
    const auto found = query.step();
    if (!found) return found.error();
    if (*found) {
      event.endpoint_id = query.text(0);
      event.tenant = query.optional_text(1);
    }
  }
  return add_operational_event(connection, event);
}

Result<void> add_dead_event(Connection& connection, const DeliveryRow& row, TimePoint now) {
  Details details;
  {
    auto query = connection.query(
        "SELECT m.id, m.type FROM deliveries AS d JOIN messages AS m ON m.key = d.message"
        " WHERE d.key = ?",
        row.key);
    const auto found = query.step();
    if (!found) return found.error();
    if (*found) details.add("message_id", query.view(0)).add("message_type", query.view(1));
  }
  details.add("error", row.last_error).add("attempts", std::int64_t{row.attempts});
  if (row.last_status) details.add("status", std::int64_t{*row.last_status});
  return add_endpoint_event(
      connection, row.endpoint,
      {.type = operational::kDead, .delivery = row.key, .details = details.json(), .at = now});
}

}  // namespace webhookcore::sqlite
