#include "webhookcore/store/sqlite/sqlite_store_object.h"

namespace webhookcore::sqlite {

namespace {

Error no_such_event_type(std::string_view name) {
  return {ErrorCode::not_found, "there is no event type " + std::string(name)};
}

Error event_type_has_changed(const std::string& name) {
  return {ErrorCode::conflict, "the event type " + name + " was changed meanwhile", "updated_at"};
}

// Zero only while there is none, so that a sender without a catalogue need not look.
Result<void> change_event_types_version(Connection& connection, Random& random) {
  const auto version = static_cast<std::int64_t>(random.draw() >> 1) | 1;
  return connection
      .query(
          "UPDATE store_state SET event_types_version ="
          " iif(EXISTS (SELECT 1 FROM event_types), ?, 0)",
          version)
      .run();
}

EventType read_event_type(const Query& query) {
  return {.name = query.text(0),
          .description = query.text(1),
          .schema = query.text(2),
          .archived = query.integer(3) != 0,
          .created_at = query.time(4),
          .updated_at = query.time(5)};
}

// One statement, so that the version is that of the rows. Without rows there is none.
constexpr const char* kListed =
    "SELECT name, description, schema, archived, created_at, updated_at,"
    " (SELECT event_types_version FROM store_state) FROM event_types ORDER BY name";

}  // namespace

Result<void> SqliteStore::create_event_type(const EventType& type) {
  return write([&](Connection& connection) -> Result<void> {
    auto query = connection.query(
        "INSERT INTO event_types (name, description, schema, archived, created_at, updated_at)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        type.name, type.description, type.schema, type.archived, type.created_at, type.updated_at);
    if (auto done = query.run(); !done) {
      if (done.error().code != ErrorCode::conflict) return done;
      return Error{ErrorCode::conflict, "there is an event type " + type.name, "name"};
    }
    return change_event_types_version(connection, database_->random());
  });
}

Result<TimePoint> SqliteStore::update_event_type(const EventType& type, TimePoint now) {
  TimePoint updated_at;
  const auto written = write([&](Connection& connection) -> Result<void> {
    {
      auto stored =
          connection.query("SELECT updated_at FROM event_types WHERE name = ?", type.name);
      const auto found = stored.step();
      if (!found) return found.error();
      if (!*found) return no_such_event_type(type.name);
      if (stored.time(0) != type.updated_at) return event_type_has_changed(type.name);
    }
    updated_at = next_update_at(type.updated_at, now);
    auto query = connection.query(
        "UPDATE event_types SET description = ?, schema = ?, archived = ?, updated_at = ?"
        " WHERE name = ?",
        type.description, type.schema, type.archived, updated_at, type.name);
    if (auto done = query.run(); !done) return done;
    return change_event_types_version(connection, database_->random());
  });
  if (!written) return written.error();
  return updated_at;
}

Result<void> SqliteStore::delete_event_type(std::string_view name) {
  return write([&](Connection& connection) -> Result<void> {
    auto query = connection.query("DELETE FROM event_types WHERE name = ?", name);
    if (auto done = query.run(); !done) return done;
    if (connection.changed_rows() == 0) return no_such_event_type(name);
    return change_event_types_version(connection, database_->random());
  });
}

Result<EventTypes> SqliteStore::list_event_types() {
  return read([](Connection& connection) -> Result<EventTypes> {
    EventTypes listed;
    auto query = connection.query(kListed);
    auto done = query.each([&]() -> Result<void> {
      listed.types.push_back(read_event_type(query));
      listed.version = query.integer(6);
      return {};
    });
    if (!done) return done.error();
    return listed;
  });
}

}  // namespace webhookcore::sqlite
