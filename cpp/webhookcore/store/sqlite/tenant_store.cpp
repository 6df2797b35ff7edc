#include "webhookcore/store/sqlite/sqlite_store_object.h"
#include "webhookcore/store/sqlite/tenant_rows.h"

namespace webhookcore::sqlite {

Result<void> SqliteStore::set_tenant_limits(std::string_view tenant, const TenantLimits& limits) {
  return write([&](Connection& connection) {
    return connection
        .query(
            "INSERT OR REPLACE INTO tenant_limits (tenant, max_backlog, sends_per_second,"
            " max_endpoints) VALUES (?, ?, ?, ?)",
            tenant, limits.max_backlog, limits.sends_per_second, limits.max_endpoints)
        .run();
  });
}

Result<void> SqliteStore::clear_tenant_limits(std::string_view tenant) {
  return write([&](Connection& connection) -> Result<void> {
    auto cleared = connection.query("DELETE FROM tenant_limits WHERE tenant = ?", tenant).run();
    if (!cleared) return cleared;
    if (connection.changed_rows() == 0) {
      return Error{ErrorCode::not_found, "the tenant has no limits of its own"};
    }
    return connection.query("DELETE FROM tenant_sends WHERE tenant = ?", tenant).run();
  });
}

Result<std::optional<TenantLimits>> SqliteStore::get_tenant_limits(std::string_view tenant) {
  return read([&](Connection& connection) { return find_limits(connection, tenant); });
}

Result<std::vector<TenantRow>> SqliteStore::list_tenant_limits(const TenantFilter& filter) {
  return read([&](Connection& connection) -> Result<std::vector<TenantRow>> {
    std::vector<TenantRow> rows;
    auto query = connection.query(
        "SELECT tenant, max_backlog, sends_per_second, max_endpoints FROM tenant_limits"
        " WHERE tenant > ? ORDER BY tenant LIMIT ?",
        filter.after.value_or(""), filter.limit);
    auto done = query.each([&]() -> Result<void> {
      TenantRow row{query.text(0), {}};
      if (!query.is_null(1)) row.limits.max_backlog = query.integer(1);
      if (!query.is_null(2)) row.limits.sends_per_second = query.real(2);
      if (!query.is_null(3)) row.limits.max_endpoints = query.integer(3);
      rows.push_back(std::move(row));
      return {};
    });
    if (!done) return done.error();
    return rows;
  });
}

Result<std::size_t> SqliteStore::count_tenant_backlog(std::string_view tenant, std::size_t most) {
  return read([&](Connection& connection) { return count_tenant(connection, tenant, most); });
}

}  // namespace webhookcore::sqlite
