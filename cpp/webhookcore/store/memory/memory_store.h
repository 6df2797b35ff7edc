// The reference: the store's meaning in the simplest form, for tests of users
// and of the other stores. Nothing is durable.
#pragma once

#include <memory>

#include "webhookcore/base/random.h"
#include "webhookcore/store/store.h"

namespace webhookcore {

// `random` outlives the store.
std::shared_ptr<Store> make_memory_store(Random& random);

}  // namespace webhookcore
