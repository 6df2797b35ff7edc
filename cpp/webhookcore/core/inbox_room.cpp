#include "webhookcore/core/inbox_room.h"

#include <string>

namespace webhookcore {

Error InboxRoom::refusal() const {
  return {ErrorCode::store_full,
          std::to_string(most()) + " events or more wait for their handlers (max_backlog)",
          "max_backlog"};
}

}  // namespace webhookcore
