// One store holds all kinds of rows, in one file or database: a message
// sent from a handler and the handler's event share a transaction log.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "webhookcore/store/delivery_store.h"
#include "webhookcore/store/event_type_store.h"
#include "webhookcore/store/idempotency_store.h"
#include "webhookcore/store/inbox_store.h"
#include "webhookcore/store/metrics_store.h"
#include "webhookcore/store/operational_store.h"
#include "webhookcore/store/replay_store.h"
#include "webhookcore/store/tenant_store.h"
#include "webhookcore/store/upkeep_store.h"

namespace webhookcore {

struct StoreInfo {
  std::string backend;          // "sqlite" or "memory"
  std::string path;             // Of the file; empty for memory.
  std::string library_version;  // SQLite's, of the copy that is linked.
  int schema_version = 0;
  std::string sealing_key;  // Id of the key that secrets are sealed with; empty: they are plain.
};

class Store : public IdempotencyStore,
              public InboxStore,
              public DeliveryStore,
              public EventTypeStore,
              public MetricsStore,
              public OperationalStore,
              public ReplayStore,
              public TenantStore,
              public UpkeepStore {
 public:
  virtual StoreInfo info() = 0;

  // Makes what `calls` asks of the store it is given one transaction. Each call is
  // isolated as if it were a caller of its own, and sees what the ones before it did;
  // none is durable before this returns, and after an error of this none ever is.
  // `calls` may run on another caller's thread, uses no other store and is short: all
  // who write wait for it.
  virtual Result<void> together(const std::function<void(Store&)>& calls) = 0;

  // wrong_store_key when something in it may be sealed with a key that was not given: another
  // process may have begun with a new one since this was opened.
  virtual Result<void> check_keys() = 0;

  // Asks to be the one store object, among all processes of this host, that delivers;
  // true when it is, also when it was before. Free again at stop_leading() and close(),
  // in a child after a fork, and the moment that the process dies.
  virtual Result<bool> lead() = 0;
  virtual void stop_leading() = 0;
  // The process that leads, when that is another one.
  virtual std::optional<std::int64_t> leader() = 0;

  // Finishes what is being written, checkpoints if nobody else has the file open,
  // frees this process's claims and closes. Every later call fails with
  // ErrorCode::closed. Idempotent.
  virtual void close() = 0;
};

}  // namespace webhookcore
