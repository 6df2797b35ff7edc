// A line whose first delivery somebody deleted in the file.
#include "store/sqlite/fixture.h"
#include "store/sqlite/raw_database.h"

using namespace webhookcore;
using namespace webhookcore::samples;

namespace {

Endpoint in_line(const std::string& id) {
  Endpoint made = endpoint(id);
  made.fifo = true;
  return made;
}

// Nobody has the file open meanwhile.
void by_hand(const std::string& path, const std::string& sql) {
  const RawDatabase database(path);
  REQUIRE(database.run(sql));
}

std::size_t claimed(Store& store) {
  const auto rows = store.claim_due(kNow, 1000, 60s);
  REQUIRE(rows);
  return rows->size();
}

}  // namespace

TEST_CASE("a sweep lets a line go on whose first delivery was deleted by hand") {
  const TempFolder folder;
  const std::string path = folder.file("store.db");
  auto store = open_quick_store(path);
  REQUIRE(store->create_endpoint(in_line("ep_1")));
  const auto first = send_one(*store, message("msg_1"));
  const auto second = send_one(*store, message("msg_2"));
  const auto third = send_one(*store, message("msg_3"));

  SECTION("while it waited") {
    store->close();
    by_hand(path, "DELETE FROM deliveries WHERE key = " + std::to_string(first));
    store = open_quick_store(path);
    CHECK(claimed(*store) == 0);
    CHECK(*store->reap_deliveries(kNow) == 0);
    CHECK(claim_one(*store).key == second);
  }
  SECTION("with all that it is, another in the middle too") {
    store->close();
    by_hand(path, "DELETE FROM deliveries WHERE key < " + std::to_string(third));
    store = open_quick_store(path);
    REQUIRE(store->reap_deliveries(kNow));
    CHECK(claim_one(*store).key == third);
  }
  SECTION("a line that is as it should be is left alone") {
    REQUIRE(store->reap_deliveries(kNow));
    CHECK(claim_one(*store).key == first);
    REQUIRE(store->reap_deliveries(kNow));
    CHECK(claimed(*store) == 0);
  }
  SECTION("one of a disabled endpoint waits until it is enabled") {
    Endpoint row = **store->get_endpoint("ep_1");
    row.state = EndpointState::disabled;
    REQUIRE(overwrite(*store, row));
    store->close();
    by_hand(path, "DELETE FROM deliveries WHERE key = " + std::to_string(first));
    store = open_quick_store(path);
    REQUIRE(store->reap_deliveries(kNow));
    CHECK(claimed(*store) == 0);
    row = **store->get_endpoint("ep_1");
    row.state = EndpointState::enabled;
    REQUIRE(overwrite(*store, row));
    CHECK(claim_one(*store).key == second);
  }
}

TEST_CASE("stuck lines are found however many there are, some in each sweep") {
  constexpr int kLines = 450;
  const TempFolder folder;
  const std::string path = folder.file("store.db");
  auto store = open_quick_store(path);
  for (int i = 0; i < kLines; ++i) {
    REQUIRE(store->create_endpoint(in_line("ep_" + std::to_string(i))));
  }
  REQUIRE(enqueue(*store, message("msg_1")));
  REQUIRE(enqueue(*store, message("msg_2")));
  store->close();
  by_hand(path, "DELETE FROM deliveries WHERE held = 0");
  store = open_quick_store(path);
  for (int sweep = 0; sweep < 3; ++sweep) REQUIRE(store->reap_deliveries(kNow));
  CHECK(claimed(*store) == kLines);
}
