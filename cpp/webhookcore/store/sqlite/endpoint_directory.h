// The endpoints as a message's fan-out needs them, in memory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "webhookcore/base/error.h"
#include "webhookcore/store/rows.h"
#include "webhookcore/store/sqlite/connection.h"

namespace webhookcore::sqlite {

// "" without a tenant, "t" and its name otherwise: the form of the unique indexes.
std::string scope_of(const std::optional<std::string>& tenant);

// Used inside write transactions only, so by one thread at a time. The version is a
// fresh random number after every change, not a counter: after a rollback a counter
// would come to the same value again with other endpoints behind it.
class EndpointDirectory {
 public:
  // Reads the endpoints anew when `version` is not the one that is held.
  Result<void> refresh(Connection& connection, std::int64_t version);

  struct Subscriber {
    std::int64_t key = 0;  // Of its row.
    bool fifo = false;
  };
  // The enabled endpoints of the message's tenant that want it.
  std::vector<Subscriber> subscribers(const Message& message) const;

 private:
  struct Entry {
    Subscriber subscriber;
    std::vector<std::string> patterns;
    std::vector<std::string> channels;
  };

  std::int64_t version_ = -1;
  std::unordered_map<std::string, std::vector<Entry>> by_scope_;
};

}  // namespace webhookcore::sqlite
