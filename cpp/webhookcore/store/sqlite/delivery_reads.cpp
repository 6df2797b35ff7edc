#include "webhookcore/store/sqlite/codes.h"
#include "webhookcore/store/sqlite/sqlite_error.h"
#include "webhookcore/store/sqlite/sqlite_store_object.h"

namespace webhookcore::sqlite {

namespace {

constexpr const char* kDeliveryColumns =
    "SELECT d.key, m.id, e.id, m.tenant, m.type, d.state, d.attempts, d.budget_used, d.reaps,"
    " d.next_attempt_at, d.last_status, d.last_error, d.created_at, d.updated_at, d.replayed_at,"
    " d.rank, d.expires_at";

// Also a row shows whose message or endpoint somebody deleted by hand.
constexpr const char* kDeliveryTables =
    " FROM deliveries AS d LEFT JOIN messages AS m ON m.key = d.message"
    " LEFT JOIN endpoints AS e ON e.key = d.endpoint";

Result<Delivery> read_delivery(const Query& query) {
  const auto state = delivery_state_of(query.integer(5));
  if (!state) return damaged("state of a delivery");
  Delivery delivery;
  delivery.key = query.integer(0);
  delivery.message_id = query.text(1);
  delivery.endpoint_id = query.text(2);
  delivery.tenant = query.optional_text(3);
  delivery.type = query.text(4);
  delivery.state = *state;
  delivery.attempts = static_cast<int>(query.integer(6));
  delivery.budget_used = static_cast<int>(query.integer(7));
  delivery.reaps = static_cast<int>(query.integer(8));
  delivery.next_attempt_at = query.optional_time(9);
  delivery.last_status = query.optional_int(10);
  delivery.last_error = query.text(11);
  delivery.created_at = query.time(12);
  delivery.updated_at = query.time(13);
  delivery.replayed_at = query.optional_time(14);
  delivery.priority = priority_of(static_cast<int>(query.integer(15)));
  delivery.expires_at = query.optional_time(16);
  return delivery;
}

// Only the conditions that are asked for are in the text, so that each query finds
// its index: a dead letter by deliveries_dead, a message's rows by their keys.
// Every parameter is numbered, and those that no condition names are not bound.
std::string delivery_conditions(const DeliveryFilter& filter) {
  std::string where = " WHERE true";
  if (filter.state) where += " AND d.state = " + std::to_string(code_of(*filter.state));
  if (filter.tenant) where += " AND m.tenant IS ?1";
  if (filter.type) where += " AND m.type = ?2";
  if (filter.endpoint_id) where += " AND d.endpoint = (SELECT key FROM endpoints WHERE id = ?3)";
  if (filter.message_id) {
    where +=
        " AND d.key IN (SELECT own.key FROM messages AS k JOIN deliveries AS own"
        " ON own.key > k.key AND own.key <= k.key + k.fan_out WHERE k.id = ?4 UNION ALL"
        " SELECT delivery FROM late_deliveries"
        " WHERE message = (SELECT key FROM messages WHERE id = ?4))";
  }
  if (filter.before_key) where += " AND d.key < ?5";
  if (filter.error) where += " AND d.last_error = ?7";
  if (filter.since) where += " AND d.updated_at >= ?8";
  if (filter.until) where += " AND d.updated_at < ?9";
  return where +
         " AND ?6 IS ?6 AND ?1 IS ?1 AND ?2 IS ?2 AND ?3 IS ?3 AND ?4 IS ?4"
         " AND ?5 IS ?5 AND ?7 IS ?7 AND ?8 IS ?8 AND ?9 IS ?9";
}

Query delivery_query(Connection& connection, const std::string& sql, const DeliveryFilter& filter) {
  return connection.query_once(sql, filter.tenant.value_or(std::nullopt), filter.type,
                               filter.endpoint_id, filter.message_id, filter.before_key,
                               filter.limit, filter.error, filter.since, filter.until);
}

}  // namespace

Result<std::optional<Delivery>> SqliteStore::get_delivery(std::int64_t key) {
  static const std::string sql =
      std::string(kDeliveryColumns) + kDeliveryTables + " WHERE d.key = ?";
  return read([&](Connection& connection) -> Result<std::optional<Delivery>> {
    auto query = connection.query(sql.c_str(), key);
    const auto found = query.step();
    if (!found) return found.error();
    if (!*found) return std::optional<Delivery>();
    auto delivery = read_delivery(query);
    if (!delivery) return delivery.error();
    return std::optional(std::move(*delivery));
  });
}

Result<std::vector<Delivery>> SqliteStore::list_deliveries(const DeliveryFilter& filter) {
  const std::string sql = std::string(kDeliveryColumns) + kDeliveryTables +
                          delivery_conditions(filter) + " ORDER BY d.key DESC LIMIT ?6";
  return read([&](Connection& connection) -> Result<std::vector<Delivery>> {
    std::vector<Delivery> deliveries;
    auto query = delivery_query(connection, sql, filter);
    auto done = query.each([&]() -> Result<void> {
      auto delivery = read_delivery(query);
      if (!delivery) return delivery.error();
      deliveries.push_back(std::move(*delivery));
      return {};
    });
    if (!done) return done.error();
    return deliveries;
  });
}

Result<std::size_t> SqliteStore::count_backlog(std::size_t most) {
  return read([&](Connection& connection) -> Result<std::size_t> {
    auto query = connection.query(
        "SELECT count(*) FROM (SELECT 1 FROM deliveries WHERE state = 0 AND held = 0 UNION ALL"
        " SELECT 1 FROM deliveries WHERE fifo = 1 AND state = 0 AND held = 2"
        " UNION ALL SELECT 1 FROM deliveries WHERE held = 3 LIMIT ?)",
        most);
    const auto found = query.step();
    if (!found) return found.error();
    return static_cast<std::size_t>(query.integer(0));
  });
}

Result<bool> SqliteStore::anything_in_flight() {
  return read([&](Connection& connection) {
    return connection.query("SELECT 1 FROM deliveries WHERE state = 1 LIMIT 1").step();
  });
}

Result<DeliveryCounts> SqliteStore::count_deliveries(const DeliveryFilter& filter) {
  const std::string sql = std::string("SELECT d.state, count(*)") + kDeliveryTables +
                          delivery_conditions(filter) + " GROUP BY d.state";
  return read([&](Connection& connection) -> Result<DeliveryCounts> {
    std::array<std::int64_t, 5> counts{};
    auto query = delivery_query(connection, sql, filter);
    auto done = query.each([&]() -> Result<void> {
      const auto state = delivery_state_of(query.integer(0));
      if (!state) return damaged("state of a delivery");
      counts[static_cast<std::size_t>(*state)] = query.integer(1);
      return {};
    });
    if (!done) return done.error();
    return DeliveryCounts{counts[0], counts[1], counts[2], counts[3], counts[4]};
  });
}

}  // namespace webhookcore::sqlite
