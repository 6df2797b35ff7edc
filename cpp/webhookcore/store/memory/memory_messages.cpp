#include <algorithm>

#include "webhookcore/core/event_pattern.h"
#include "webhookcore/store/memory/memory_store_object.h"

namespace webhookcore::memory {

namespace {

// Requirement D13.
constexpr Duration kSendKeyLife = std::chrono::hours{24};

}  // namespace

bool is_for(const Endpoint& endpoint, const Message& message) {
  return endpoint.tenant == message.tenant &&
         wants({endpoint.events, endpoint.channels}, message.type, message.channels);
}

const Message* MemoryStore::find_message(std::string_view id) const {
  const auto found = std::find_if(rows_.messages.begin(), rows_.messages.end(),
                                  [&](const Message& message) { return message.id == id; });
  return found == rows_.messages.end() ? nullptr : &*found;
}

DeliveryEntry& MemoryStore::insert_delivery(const Message& message, const std::string& endpoint,
                                            TimePoint due, TimePoint now) {
  DeliveryEntry entry;
  entry.row.key = ++rows_.last_delivery;
  entry.row.message_id = message.id;
  entry.message = message.key;
  entry.row.endpoint_id = endpoint;
  entry.row.tenant = message.tenant;
  entry.row.type = message.type;
  entry.row.next_attempt_at = std::max(due, now);
  entry.row.created_at = now;
  entry.row.updated_at = now;
  entry.row.priority = message.priority;
  entry.row.expires_at = message.expires_at;
  return rows_.deliveries.emplace(entry.row.key, std::move(entry)).first->second;
}

std::vector<Result<Enqueued>> MemoryStore::enqueue(std::span<const NewMessage> messages,
                                                   TimePoint now) {
  std::vector<Result<Enqueued>> results;
  const auto entered = enter();
  if (!entered.error) {
    if (auto refused = over_tenant_limits(messages, now)) {
      results.assign(messages.size(), *refused);
      return results;
    }
  }
  for (const NewMessage& message : messages) {
    results.push_back(entered.error ? Result<Enqueued>(*entered.error) : enqueue_one(message, now));
  }
  return results;
}

bool MemoryStore::was_sent_before(const NewMessage& message, TimePoint now) const {
  if (!message.idempotency_key) return false;
  const auto before = rows_.send_keys.find({message.message.tenant, *message.idempotency_key});
  return before != rows_.send_keys.end() && before->second.expires_at > now;
}

Result<Enqueued> MemoryStore::enqueue_one(const NewMessage& message, TimePoint now) {
  Enqueued enqueued;
  enqueued.message_id = message.message.id;
  const std::pair place{message.message.tenant, message.idempotency_key.value_or("")};
  if (was_sent_before(message, now)) {
    const SendKeyEntry& before = rows_.send_keys.at(place);
    if (before.fingerprint != message.fingerprint) {
      return Error{ErrorCode::conflict, "this idempotency key was used for another message",
                   "idempotency_key"};
    }
    enqueued.message_id = before.message_id;
    enqueued.duplicate = true;
    enqueued.deliveries = before.deliveries;
    return enqueued;
  }
  const std::int64_t version = event_types_version(rows_);
  if (message.event_types_version.value_or(version) != version) {
    return Error{ErrorCode::conflict, "the event types have changed", "event_types_version"};
  }
  if (find_message(message.message.id) != nullptr) {
    return Error{ErrorCode::conflict, "there is a message " + message.message.id, "id"};
  }
  if (auto full = over_quota(now)) return *full;
  Message& kept = rows_.messages.emplace_back(message.message);
  kept.key = ++rows_.last_message;
  for (const auto& [id, endpoint] : rows_.endpoints) {
    if (endpoint.state == EndpointState::disabled) {
      rows_.missed.push_back({kept.id, id, message.deliver_at});
    } else if (is_for(endpoint, message.message)) {
      enqueued.deliveries.push_back(
          insert_delivery(kept, id, message.deliver_at.value_or(now), now).row.key);
    }
  }
  count_for_tenant(kept.tenant, enqueued.deliveries);
  if (message.idempotency_key) {
    rows_.send_keys[place] = {message.message.id, message.fingerprint, now + kSendKeyLife,
                              enqueued.deliveries};
  }
  return enqueued;
}

Result<std::optional<Message>> MemoryStore::get_message(std::string_view id) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  const Message* message = find_message(id);
  return message == nullptr ? std::nullopt : std::optional(*message);
}

Result<std::vector<Message>> MemoryStore::list_messages(const MessageFilter& filter) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  std::vector<Message> messages;
  bool past_cursor = !filter.before_id;
  for (auto message = rows_.messages.rbegin(); message != rows_.messages.rend(); ++message) {
    if (messages.size() >= filter.limit) break;
    const bool shown = past_cursor && (!filter.tenant || message->tenant == *filter.tenant) &&
                       (!filter.type || message->type == *filter.type);
    if (shown) messages.push_back(*message);
    if (filter.before_id && message->id == *filter.before_id) past_cursor = true;
  }
  return messages;
}

Result<PolledMessages> MemoryStore::poll_messages(const PollFilter& filter) {
  const auto entered = enter();
  if (entered.error) return *entered.error;
  PolledMessages polled{.messages = {}, .next_key = filter.after_key};
  for (const Message& message : rows_.messages) {
    if (polled.messages.size() >= filter.limit) break;
    if (message.key <= filter.after_key) continue;
    polled.next_key = message.key;
    const bool of_tenant = !filter.tenant || message.tenant == *filter.tenant;
    if (of_tenant && wants({filter.events, filter.channels}, message.type, message.channels)) {
      polled.messages.push_back(message);
    }
  }
  return polled;
}

}  // namespace webhookcore::memory
