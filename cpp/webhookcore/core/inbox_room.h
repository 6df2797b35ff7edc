// How many more events may be stored while too many wait or run.
#pragma once

#include "webhookcore/base/error.h"
#include "webhookcore/core/backlog_room.h"

namespace webhookcore {

class InboxRoom : public BacklogRoom {
 public:
  Error refusal() const;
};

}  // namespace webhookcore
