// Callers that share a transaction must not share their fates.
#include <atomic>
#include <thread>
#include <vector>

#include "store/sqlite/fixture.h"
#include "store/sqlite/raw_database.h"

using namespace webhookcore;
using namespace webhookcore::samples;

TEST_CASE("a refused caller fails alone among those who commit at the same moment") {
  const TempFolder folder;
  const std::string path = folder.file("a.db");
  const auto store = open_store(path);
  Endpoint first = endpoint("ep_first");
  first.uid = "shop";
  REQUIRE(store->create_endpoint(first));
  constexpr int kEach = 40;
  std::atomic<int> sent = 0;
  std::atomic<int> refused = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    const std::string name = "_" + std::to_string(thread) + "_";
    threads.emplace_back([&, name] {
      for (int i = 0; i < kEach; ++i) {
        if (enqueue(*store, message("msg" + name + std::to_string(i)))) ++sent;
      }
    });
    threads.emplace_back([&, name] {
      for (int i = 0; i < kEach; ++i) {
        // Its row is written before the uid is found taken, and has to be undone.
        Endpoint second = endpoint("ep" + name + std::to_string(i));
        second.uid = "shop";
        const auto made = store->create_endpoint(second);
        if (!made && made.error().code == ErrorCode::conflict) ++refused;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(sent == 4 * kEach);
  CHECK(refused == 4 * kEach);
  CHECK(store->list_messages({.limit = 1000})->size() == 4 * kEach);
  CHECK(store->list_endpoints({.limit = 1000})->size() == 1);
  CHECK(store->count_deliveries({})->pending == 4 * kEach);
  store->close();
  CHECK(RawDatabase(path).number("SELECT count(*) FROM endpoints") == 1);
}
