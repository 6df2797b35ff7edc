#include "webhookcore/store/sqlite/codes.h"
#include "webhookcore/store/sqlite/delivery_rows.h"
#include "webhookcore/store/sqlite/sqlite_error.h"
#include "webhookcore/store/sqlite/sqlite_store_object.h"
#include "webhookcore/store/sqlite/tenant_rows.h"
#include "webhookcore/store/sqlite/text_list.h"

namespace webhookcore::sqlite {

namespace {

// Requirement D13.
constexpr Duration kSendKeyLife = std::chrono::hours{24};

struct SentBefore {
  std::int64_t message = 0;
  std::string fingerprint;
};

// Fills in one transaction; the counter below is good only until it ends.
class Enqueuer {
 public:
  Enqueuer(Connection& connection, Database& database, TimePoint now)
      : connection_(connection),
        endpoints_(database.endpoints()),
        gate_(connection, database.tenant_rooms(), now),
        now_(now) {}

  Result<void> prepare();
  Result<Enqueued> enqueue(const NewMessage& message);
  Result<void> finish() { return gate_.keep(); }

 private:
  Result<std::optional<SentBefore>> find_key(const NewMessage& message);
  Result<Enqueued> repeat(const SentBefore& before, const NewMessage& message);
  Result<void> insert_message(const NewMessage& sent, std::int64_t key, std::size_t fan_out);
  Result<void> insert_delivery(std::int64_t key, std::int64_t message_key,
                               EndpointDirectory::Subscriber endpoint, const NewMessage& message,
                               const std::optional<std::string>& counted_tenant);
  Result<void> insert_key(const NewMessage& message, std::int64_t key);

  Connection& connection_;
  EndpointDirectory& endpoints_;
  TenantGate gate_;
  TimePoint now_;
  std::int64_t next_key_ = 0;
  std::int64_t event_types_version_ = 0;
};

Result<void> Enqueuer::prepare() {
  auto query = connection_.query(
      "SELECT endpoints_version, event_types_version,"
      " max(last_late_key,"
      " ifnull((SELECT key + fan_out FROM messages ORDER BY key DESC LIMIT 1), 0))"
      " FROM store_state");
  const auto found = query.step();
  if (!found) return found.error();
  if (!*found) return damaged("version of the endpoints");
  event_types_version_ = query.integer(1);
  next_key_ = query.integer(2) + 1;
  return endpoints_.refresh(connection_, query.integer(0));
}

Result<Enqueued> Enqueuer::enqueue(const NewMessage& message) {
  const auto before = find_key(message);
  if (!before) return before.error();
  if (*before) return repeat(**before, message);
  if (message.event_types_version.value_or(event_types_version_) != event_types_version_) {
    return Error{ErrorCode::conflict, "the event types have changed", "event_types_version"};
  }

  const auto counted = gate_.admit(message.message.tenant, message.refusable);
  if (!counted) return counted.error();

  const std::int64_t key = next_key_;
  const auto endpoints = endpoints_.subscribers(message.message);
  auto done = insert_message(message, key, endpoints.size());
  if (!done) return done.error();
  Enqueued enqueued;
  enqueued.message_id = message.message.id;
  for (const auto endpoint : endpoints) {
    const std::int64_t delivery = ++next_key_;
    if (done = insert_delivery(delivery, key, endpoint, message, *counted); !done) {
      return done.error();
    }
    enqueued.deliveries.push_back(delivery);
  }
  ++next_key_;
  gate_.add(*counted, endpoints.size());
  if (done = insert_key(message, key); !done) return done.error();
  return enqueued;
}

Result<std::optional<SentBefore>> Enqueuer::find_key(const NewMessage& message) {
  if (!message.idempotency_key) return std::optional<SentBefore>();
  auto query = connection_.query(
      "SELECT message, fingerprint FROM send_keys"
      " WHERE scope = ? AND idempotency_key = ? AND expires_at > ?",
      scope_of(message.message.tenant), *message.idempotency_key, now_);
  const auto found = query.step();
  if (!found) return found.error();
  if (!*found) return std::optional<SentBefore>();
  return std::optional(SentBefore{query.integer(0), query.text(1)});
}

Result<Enqueued> Enqueuer::repeat(const SentBefore& before, const NewMessage& message) {
  if (before.fingerprint != message.fingerprint) {
    return Error{ErrorCode::conflict, "this idempotency key was used for another message",
                 "idempotency_key"};
  }
  auto query = connection_.query("SELECT id, fan_out FROM messages WHERE key = ?", before.message);
  const auto found = query.step();
  if (!found) return found.error();
  if (!*found) return damaged("idempotency key of a message");
  Enqueued enqueued;
  enqueued.message_id = query.text(0);
  enqueued.duplicate = true;
  for (std::int64_t nth = 1; nth <= query.integer(1); ++nth) {
    enqueued.deliveries.push_back(before.message + nth);
  }
  return enqueued;
}

Result<void> Enqueuer::insert_message(const NewMessage& sent, std::int64_t key,
                                      std::size_t fan_out) {
  const Message& message = sent.message;
  const std::string channels = encode_list(message.channels);
  auto query = connection_.query(
      "INSERT INTO messages (key, id, tenant, type, content_type, created_at, fan_out, priority,"
      " deliver_at, expires_at, channels, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      key, message.id, message.tenant, message.type, message.content_type, message.created_at,
      fan_out, code_of(message.priority), sent.deliver_at, message.expires_at,
      channels.empty() ? std::nullopt : std::optional(Blob{channels}), Borrowed{message.body});
  auto done = query.run();
  if (done || done.error().code != ErrorCode::conflict) return done;
  auto same_id = connection_.query("SELECT 1 FROM messages WHERE id = ?", message.id);
  const auto found = same_id.step();
  if (!found) return found.error();
  if (!*found) return damaged("counter of keys");
  return Error{ErrorCode::conflict, "there is a message " + message.id, "id"};
}

Result<void> Enqueuer::insert_delivery(std::int64_t key, std::int64_t message_key,
                                       EndpointDirectory::Subscriber endpoint,
                                       const NewMessage& message,
                                       const std::optional<std::string>& counted_tenant) {
  auto done = sqlite::insert_delivery(connection_,
                                      {.key = key,
                                       .message = message_key,
                                       .endpoint = endpoint.key,
                                       .fifo = endpoint.fifo,
                                       .priority = message.message.priority,
                                       .deliver_at = message.deliver_at,
                                       .expires_at = message.message.expires_at,
                                       .counted_tenant = counted_tenant},
                                      now_);
  if (done || done.error().code != ErrorCode::conflict) return done;
  return damaged("counter of keys");
}

Result<void> Enqueuer::insert_key(const NewMessage& message, std::int64_t key) {
  if (!message.idempotency_key) return {};
  return connection_
      .query(
          "INSERT OR REPLACE INTO send_keys"
          " (scope, idempotency_key, message, fingerprint, expires_at) VALUES (?, ?, ?, ?, ?)",
          scope_of(message.message.tenant), *message.idempotency_key, key,
          Blob{message.fingerprint}, now_ + kSendKeyLife)
      .run();
}

bool spoils_the_rest(const Error& error) { return error.code != ErrorCode::conflict; }

}  // namespace

std::vector<Result<Enqueued>> SqliteStore::enqueue(std::span<const NewMessage> messages,
                                                   TimePoint now) {
  std::vector<Result<Enqueued>> results;
  results.reserve(messages.size());
  const auto written = write([&](Connection& connection) -> Result<void> {
    auto full = over_quota(connection, now);
    if (!full) return full.error();
    if (*full) {
      results.assign(messages.size(), **full);
      return {};
    }
    Enqueuer enqueuer(connection, *database_, now);
    if (auto ready = enqueuer.prepare(); !ready) return ready;
    for (const NewMessage& message : messages) {
      results.push_back(enqueuer.enqueue(message));
      if (!results.back() && spoils_the_rest(results.back().error())) return results.back().error();
    }
    return enqueuer.finish();
  });
  if (!written) results.assign(messages.size(), written.error());
  return results;
}

}  // namespace webhookcore::sqlite
