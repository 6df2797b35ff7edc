#include "webhookcore/store/memory/memory_store_object.h"

namespace webhookcore::memory {

namespace {

Error no_such_event_type(std::string_view name) {
  return {ErrorCode::not_found, "there is no event type " + std::string(name)};
}

}  // namespace

std::int64_t event_types_version(const Rows& rows) {
  return rows.event_types.empty() ? 0 : rows.event_types_changes;
}

Result<void> MemoryStore::create_event_type(const EventType& type) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  if (!rows_.event_types.emplace(type.name, type).second) {
    return Error{ErrorCode::conflict, "there is an event type " + type.name, "name"};
  }
  ++rows_.event_types_changes;
  return {};
}

Result<TimePoint> MemoryStore::update_event_type(const EventType& type, TimePoint now) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  const auto found = rows_.event_types.find(type.name);
  if (found == rows_.event_types.end()) return no_such_event_type(type.name);
  EventType& row = found->second;
  if (row.updated_at != type.updated_at) {
    return Error{ErrorCode::conflict, "the event type " + type.name + " was changed meanwhile",
                 "updated_at"};
  }
  const TimePoint created_at = row.created_at;
  row = type;
  row.created_at = created_at;
  row.updated_at = next_update_at(type.updated_at, now);
  ++rows_.event_types_changes;
  return row.updated_at;
}

Result<void> MemoryStore::delete_event_type(std::string_view name) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  if (rows_.event_types.erase(std::string(name)) == 0) return no_such_event_type(name);
  ++rows_.event_types_changes;
  return {};
}

Result<EventTypes> MemoryStore::list_event_types() {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  EventTypes listed{.version = event_types_version(rows_), .types = {}};
  for (const auto& [name, type] : rows_.event_types) listed.types.push_back(type);
  return listed;
}

}  // namespace webhookcore::memory
