#include "webhookcore/engine/outbox.h"

#include "webhookcore/base/id.h"

namespace webhookcore {

std::vector<Result<Enqueued>> Outbox::enqueue(std::vector<NewMessage> messages) {
  const TimePoint now = clock_.now();
  for (NewMessage& message : messages) {
    Message& row = message.message;
    if (row.id.empty()) row.id = make_id("msg_", now, random_);
    if (row.created_at == TimePoint{}) row.created_at = now;
  }
  return store_.enqueue(messages, now);
}

}  // namespace webhookcore
