// What only a store in a file does: pages, owners of jobs, sealed columns.
#include <sys/stat.h>

#include "store/sqlite/fixture.h"
#include "store/sqlite/raw_database.h"
#include "webhookcore/base/encoding.h"

using namespace webhookcore;
using namespace webhookcore::samples;

namespace {

std::int64_t size_of(const std::string& path) {
  struct stat status = {};
  REQUIRE(stat(path.c_str(), &status) == 0);
  return status.st_size;
}

void send_large(Store& store, int count, TimePoint at) {
  std::vector<NewMessage> batch;
  for (int i = 0; i < count; ++i) {
    NewMessage one = message("msg_" + std::to_string(to_unix_ms(at)) + "_" + std::to_string(i));
    one.message.body = std::string(4000, 'x');
    one.message.created_at = at;
    batch.push_back(std::move(one));
  }
  for (const auto& sent : store.enqueue(batch, at)) REQUIRE(sent);
}

Pruned prune_all(Store& store, TimePoint before, TimePoint now) {
  Pruned pruned;
  PrunePlace place;
  while (!store.prune({.messages_before = before}, place, pruned, now, 3ms).value()) {
  }
  return pruned;
}

SqliteOptions with_key(const std::string& path, char fill) {
  return {.path = path, .keys = *KeyRing::parse("id:" + encode_base64(std::string(32, fill)))};
}

}  // namespace

TEST_CASE("pages that pruning frees go back to the system, and the file shrinks") {
  const TempFolder folder;
  const std::string path = folder.file("store.db");
  const auto store = open_quick_store(path);
  send_large(*store, 1000, kNow);
  send_large(*store, 1, kNow + 24h);
  store->checkpoint();
  const std::int64_t full = size_of(path);
  CHECK(full > 4'000'000);
  CHECK(prune_all(*store, kNow + 1h, kNow + 48h).messages == 1000);
  const auto use = store->measure_space();
  CHECK(use->free_bytes > 3'500'000);
  CHECK(use->used_bytes - use->log_bytes < 500'000);
  CHECK_FALSE(*store->give_back_pages(1'000'000, use->free_bytes / 4096));
  CHECK(store->measure_space()->free_bytes == use->free_bytes);
  int pieces = 0;
  while (*store->give_back_pages(100, 10)) ++pieces;
  CHECK(pieces > 5);
  CHECK(store->measure_space()->free_bytes == 10 * 4096);
  store->checkpoint();
  CHECK(size_of(path) < full / 10);
}

TEST_CASE("the log that a burst left behind takes nothing of the quota once there is time") {
  const TempFolder folder;
  const auto store = open_quick_store(folder.file("store.db"));
  send_large(*store, 2000, kNow);
  CHECK(store->measure_space()->log_bytes > 8'000'000);
  store->checkpoint();
  CHECK(store->measure_space()->log_bytes == 0);
}

TEST_CASE("a batch of pruning is short: it ends with its budget") {
  const TempFolder folder;
  const auto store = open_quick_store(folder.file("store.db"));
  send_large(*store, 200, kNow);
  Pruned pruned;
  PrunePlace place;
  CHECK_FALSE(*store->prune({.messages_before = kNow + 1h}, place, pruned, kNow + 48h, 0ms));
  CHECK(pruned.messages > 0);
  CHECK(pruned.messages < 50);
}

TEST_CASE("a replay whose process died is found at once, one of a living process is not") {
  const TempFolder folder;
  const std::string path = folder.file("store.db");
  {
    const auto store = open_store(path);
    REQUIRE(store->create_endpoint(endpoint("ep_1")));
    for (int i = 0; i < 3; ++i) REQUIRE(enqueue(*store, message("msg_" + std::to_string(i))));
    const auto due = store->claim_due(kNow, 10, 60s);
    for (const auto& claimed : due.value()) {
      REQUIRE(record_one(*store, record(claimed, DeliverySignal::schedule_spent)));
    }
  }
  const Signal begun;
  const Signal may_die;
  const pid_t child = spawn([&] {
    const auto store = open_sqlite_store({.path = path}, system_random);
    if (!store) return 1;
    const auto job = (*store)->begin_replay({}, kNow);
    if (!job || !(*store)->work_replay(job->key, 1, kNow)) return 2;
    begun.send();
    may_die.wait();
    raise(SIGKILL);
    return 3;
  });
  begun.wait();
  const auto store = open_store(path);
  const std::int64_t job = store->list_replays({})->front().key;
  CHECK_FALSE(*store->find_abandoned_replay(kNow));
  CHECK(store->work_replay(job, 10, kNow).error().code == ErrorCode::store_busy);
  may_die.send();
  CHECK(wait_for(child) == -1);
  const auto abandoned = store->find_abandoned_replay(kNow);
  REQUIRE((abandoned && *abandoned));
  CHECK((*abandoned)->replayed == 1);
  CHECK(store->work_replay(job, 10, kNow)->replayed == 3);
  CHECK(store->count_deliveries({})->pending == 3);
}

TEST_CASE("with a key no secret and no header stands in the file, and only that key opens it") {
  const TempFolder folder;
  const std::string path = folder.file("store.db");
  Endpoint made = endpoint("ep_1");
  made.secrets = {{Secret("whsec_CANARY1"), kNow}};
  made.headers = {{"Authorization", "CANARY2"}};
  {
    const auto store = *open_sqlite_store(with_key(path, 'a'), system_random);
    CHECK(store->info().sealing_key == "id");
    REQUIRE(store->create_endpoint(made));
    CHECK((*store->get_endpoint("ep_1"))->secrets.front().text.reveal() == "whsec_CANARY1");
  }
  CHECK(read_file(path).find("CANARY") == std::string::npos);
  CHECK(open_error({.path = path}) == ErrorCode::wrong_store_key);
  CHECK(open_error(with_key(path, 'b')) == ErrorCode::wrong_store_key);
  const auto store = *open_sqlite_store(with_key(path, 'a'), system_random);
  const auto found = store->get_endpoint("ep_1");
  CHECK((*found)->secrets.front().text.reveal() == "whsec_CANARY1");
  CHECK((*found)->headers.front().value == "CANARY2");
}

TEST_CASE("resealing leaves updated_at as it is, so that no change of an endpoint is refused") {
  const TempFolder folder;
  const std::string path = folder.file("store.db");
  REQUIRE(open_store(path)->create_endpoint(endpoint("ep_1")));
  const auto store = *open_sqlite_store(with_key(path, 'a'), system_random);
  Endpoint read = **store->get_endpoint("ep_1");
  std::int64_t after = 0;
  CHECK(*store->reseal(after, 10) == 1);
  CHECK(after == 0);
  CHECK(*store->reseal(after, 10) == 0);
  read.description = "changed";
  CHECK(store->update_endpoint(read, kNow + 1s));
}
