// The store's methods, a part of them in each bind_ file of that name.
#pragma once

#include <pybind11/pybind11.h>

#include "webhookcore/store/store.h"

namespace webhookcore {

using StoreClass = pybind11::classh<Store>;

void register_endpoints(StoreClass& store);
void register_event_types(StoreClass& store);
void register_deliveries(StoreClass& store);
void register_replays(StoreClass& store);
void register_metrics(StoreClass& store);
void register_operations(StoreClass& store);
void register_claims(StoreClass& store);  // Of the inbox.
void register_inbox(StoreClass& store);
void register_tenants(StoreClass& store);
void register_upkeep(StoreClass& store);

}  // namespace webhookcore
