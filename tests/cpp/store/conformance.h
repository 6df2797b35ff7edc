// What every store must do. A store passes when its conformance test calls all of
// these with a factory of its own; each is one TEST_CASE's body, made of SECTIONs.
#pragma once

#include <functional>
#include <memory>

#include "webhookcore/store/store.h"

namespace webhookcore::conformance {

// A new empty store at each call.
using MakeStore = std::function<std::shared_ptr<Store>()>;

void check_idempotency(const MakeStore& make);
void check_inbox(const MakeStore& make);
void check_inbox_order(const MakeStore& make);
void check_inbox_rows(const MakeStore& make);
void check_endpoints(const MakeStore& make);
void check_enqueue(const MakeStore& make);
void check_deliveries(const MakeStore& make);
void check_order(const MakeStore& make);
void check_lines(const MakeStore& make);
void check_clock_jumps(const MakeStore& make);
void check_random_lines(const MakeStore& make);
void check_attempts(const MakeStore& make);
void check_listings(const MakeStore& make);
void check_together(const MakeStore& make);
void check_leading(const MakeStore& make);
void check_event_types(const MakeStore& make);
void check_metrics(const MakeStore& make);
void check_polling(const MakeStore& make);
void check_health(const MakeStore& make);
void check_operations(const MakeStore& make);
void check_replays(const MakeStore& make);
void check_tenants(const MakeStore& make);
void check_tenant_rates(const MakeStore& make);
void check_upkeep(const MakeStore& make);
void check_closing(const MakeStore& make);

}  // namespace webhookcore::conformance
