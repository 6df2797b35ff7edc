#include "webhookcore/core/event_pattern.h"
#include "webhookcore/store/sqlite/codes.h"
#include "webhookcore/store/sqlite/sqlite_error.h"
#include "webhookcore/store/sqlite/sqlite_store_object.h"
#include "webhookcore/store/sqlite/text_list.h"

namespace webhookcore::sqlite {

namespace {

constexpr const char* kMessageColumns =
    "SELECT id, tenant, type, content_type, created_at, channels, key, priority, expires_at, body"
    " FROM messages";

// All but the body, which may be long and is not always wanted.
Result<Message> read_head(const Query& query) {
  auto channels = decode_list(query.view(5));
  const auto priority = value_of(query.integer(7), Priority::low);
  if (!channels || !priority) return damaged("message");
  Message message;
  message.id = query.text(0);
  message.tenant = query.optional_text(1);
  message.type = query.text(2);
  message.content_type = query.text(3);
  message.created_at = query.time(4);
  message.channels = std::move(*channels);
  message.key = query.integer(6);
  message.priority = *priority;
  message.expires_at = query.optional_time(8);
  return message;
}

Result<Message> read_message(const Query& query) {
  auto message = read_head(query);
  if (message) message->body = query.text(9);
  return message;
}

// True once as many were found as are wanted.
Result<bool> take_if_wanted(const Query& query, const PollFilter& filter, PolledMessages& polled) {
  auto message = read_head(query);
  if (!message) return message.error();
  polled.next_key = message->key;
  const bool of_tenant = !filter.tenant || message->tenant == *filter.tenant;
  if (of_tenant && wants({filter.events, filter.channels}, message->type, message->channels)) {
    message->body = query.text(9);
    polled.messages.push_back(std::move(*message));
  }
  return polled.messages.size() >= filter.limit;
}

}  // namespace

Result<std::optional<Message>> SqliteStore::get_message(std::string_view id) {
  static const std::string sql = std::string(kMessageColumns) + " WHERE id = ?";
  return read([&](Connection& connection) -> Result<std::optional<Message>> {
    auto query = connection.query(sql.c_str(), id);
    const auto found = query.step();
    if (!found) return found.error();
    if (!*found) return std::optional<Message>();
    auto message = read_message(query);
    if (!message) return message.error();
    return std::optional(std::move(*message));
  });
}

Result<std::vector<Message>> SqliteStore::list_messages(const MessageFilter& filter) {
  // A cursor whose message was pruned still stands between its neighbours by its id.
  static const std::string sql =
      std::string(kMessageColumns) +
      " WHERE (?1 = 0 OR tenant IS ?2) AND (?3 IS NULL OR type = ?3) AND (?4 IS NULL OR key <"
      " coalesce((SELECT key FROM messages WHERE id = ?4),"
      " (SELECT max(key) + 1 FROM messages WHERE id < ?4))) ORDER BY key DESC LIMIT ?5";
  return read([&](Connection& connection) -> Result<std::vector<Message>> {
    std::vector<Message> messages;
    auto query = connection.query(sql.c_str(), filter.tenant.has_value(),
                                  filter.tenant.value_or(std::nullopt), filter.type,
                                  filter.before_id, filter.limit);
    auto done = query.each([&]() -> Result<void> {
      auto message = read_message(query);
      if (!message) return message.error();
      messages.push_back(std::move(*message));
      return {};
    });
    if (!done) return done.error();
    return messages;
  });
}

// The filters are judged here and not in SQL, so that the limit is one of rows looked at:
// a consumer who wants little must not hold the log up by one long read.
Result<PolledMessages> SqliteStore::poll_messages(const PollFilter& filter) {
  static const std::string sql =
      std::string(kMessageColumns) + " WHERE key > ? ORDER BY key LIMIT ?";
  return read([&](Connection& connection) -> Result<PolledMessages> {
    PolledMessages polled{.messages = {}, .next_key = filter.after_key};
    if (filter.limit == 0) return polled;
    auto query = connection.query(sql.c_str(), filter.after_key, kMostPolled);
    while (true) {
      const auto found = query.step();
      if (!found) return found.error();
      if (!*found) return polled;
      const auto full = take_if_wanted(query, filter, polled);
      if (!full) return full.error();
      if (*full) return polled;
    }
  });
}

}  // namespace webhookcore::sqlite
