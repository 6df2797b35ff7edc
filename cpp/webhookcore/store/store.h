// One store holds all three kinds of rows, in one file or database: a message
// sent from a handler and the handler's event share a transaction log.
#pragma once

#include <memory>
#include <string>

#include "webhookcore/store/delivery_store.h"
#include "webhookcore/store/idempotency_store.h"
#include "webhookcore/store/inbox_store.h"

namespace webhookcore {

struct StoreInfo {
  std::string backend;          // "sqlite" or "memory"
  std::string path;             // Of the file; empty for memory.
  std::string library_version;  // SQLite's, of the copy that is linked.
  int schema_version = 0;
};

class Store : public IdempotencyStore, public InboxStore, public DeliveryStore {
 public:
  virtual StoreInfo info() = 0;
  // Finishes what is being written, checkpoints if nobody else has the file open,
  // frees this process's claims and closes. Every later call fails with
  // ErrorCode::closed. Idempotent.
  virtual void close() = 0;
};

}  // namespace webhookcore
