// Callers that share a transaction must not share their fates.
#include <atomic>
#include <thread>
#include <vector>

#include "store/sqlite/fixture.h"
#include "store/sqlite/raw_database.h"
#include "webhookcore/store/sqlite/group_commit.h"

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

TEST_CASE("work that shares its fate is refused alone as long as it has written nothing") {
  using namespace webhookcore::sqlite;
  const TempFolder folder;
  const std::string path = folder.file("a.db");
  REQUIRE(RawDatabase(path).run("CREATE TABLE kept (name TEXT UNIQUE)"));
  const auto connection = Connection::open(path, Synchronous::normal, Duration{0});
  REQUIRE(connection);
  const auto insert = [](const char* name) {
    return [name](Connection& inside) {
      return inside.query("INSERT INTO kept VALUES (?)", name).run();
    };
  };
  Result<void> outcome;
  const auto spoils = [&](const GroupCommit::Work& work) {
    return GroupCommit::run_inside(**connection, work, Undo::together, outcome).has_value();
  };
  REQUIRE((*connection)->run("BEGIN IMMEDIATE"));
  CHECK_FALSE(spoils(insert("first")));
  CHECK(outcome);
  CHECK_FALSE(spoils(insert("first")));
  CHECK_FALSE(outcome);
  CHECK_FALSE(spoils(insert("second")));
  CHECK(outcome);
  CHECK(spoils([&](Connection& inside) -> Result<void> {
    if (auto done = insert("third")(inside); !done) return done;
    return insert("first")(inside);
  }));
  CHECK(spoils([](Connection& inside) -> Result<void> {
    REQUIRE(inside.run("ROLLBACK"));
    return Error{ErrorCode::store_full, "the disk is full"};
  }));
}
