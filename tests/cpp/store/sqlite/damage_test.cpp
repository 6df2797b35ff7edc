// Files that are damaged, foreign or from the future: a typed error or a sound
// answer, never a crash, and never a changed byte when the file is refused.
#include <filesystem>
#include <random>

#include "store/sqlite/fixture.h"
#include "store/sqlite/raw_database.h"
#include "webhookcore/core/claim_rules.h"

using namespace webhookcore;
using namespace webhookcore::samples;

namespace fs = std::filesystem;

namespace {

// A store with some of everything, closed, so that it is one file.
void fill(const std::string& path) {
  const auto store = open_quick_store(path);
  REQUIRE(store->create_endpoint(endpoint("ep_1")));
  REQUIRE(store->create_endpoint(endpoint("ep_2", {"order.*"})));
  for (int i = 0; i < 40; ++i) {
    NewMessage sent = message("msg_" + std::to_string(i));
    sent.idempotency_key = sent.message.id;
    sent.message.body.resize(300 + 40 * static_cast<std::size_t>(i), 'x');
    REQUIRE(enqueue(*store, sent));
    const std::string id = "evt_" + std::to_string(i);
    REQUIRE(store->accept(event(id), id, "1", kNow, 24h));
  }
  const auto due = store->claim_due(kNow, 20, 60s);
  for (const ClaimedDelivery& claimed : due.value()) {
    REQUIRE(record_one(*store, record(claimed, DeliverySignal::schedule_spent)));
  }
  store->close();
}

bool is_expected(const std::optional<ErrorCode>& code) {
  return !code || *code == ErrorCode::store_corrupt || *code == ErrorCode::schema_too_new ||
         *code == ErrorCode::store_unavailable || *code == ErrorCode::store_full ||
         *code == ErrorCode::conflict;
}

// Calls everything once, with errors of damage allowed; returns how many there were.
int exercise(Store& store) {
  int errors = 0;
  const auto note = [&](const auto& outcome) {
    if (outcome.ok()) return;
    ++errors;
    CHECK(is_expected(outcome.error().code));
  };
  note(store.list_endpoints({}));
  note(store.list_messages({}));
  note(store.list_deliveries({}));
  note(store.list_deliveries({.state = DeliveryState::dead}));
  note(store.count_deliveries({}));
  note(store.list_events({}));
  for (std::int64_t key = 1; key < 60; key += 7) note(store.list_attempts(key));
  note(store.claim({"stripe", "evt_1"}, kNow, 60s));
  note(store.claim({"stripe", "evt_new"}, kNow, 60s));
  note(store.accept(event("evt_x"), "evt_x", "", kNow, 1h));
  note(enqueue(store, message("msg_new")));
  note(store.claim_due(kNow + 1h, 100, 60s));
  note(store.claim_due_events(kNow + 1h, 100, 60s));
  note(store.reap_deliveries(kNow + 9h));
  note(store.reap_events(kNow + 9h));
  note(store.prune_keys(kNow + 999h, 100));
  store.close();
  return errors;
}

}  // namespace

TEST_CASE("what is no database of ours is refused and not touched") {
  const TempFolder folder;
  const std::string path = folder.file("a.db");
  std::optional<ErrorCode> expected = ErrorCode::store_corrupt;

  SECTION("text") { write_file(path, "hello, I am a diary\n"); }
  SECTION("one byte") { write_file(path, "S"); }
  SECTION("noise as long as a database") { write_file(path, std::string(8192, '\x5a')); }
  SECTION("the magic alone") { write_file(path, std::string("SQLite format 3\0", 16)); }
  SECTION("a header of zeros after the magic") {
    write_file(path, std::string("SQLite format 3\0", 16) + std::string(4080, '\0'));
  }
  SECTION("another program's tables") {
    RawDatabase(path).run("CREATE TABLE songs (name); INSERT INTO songs VALUES ('x')");
  }
  SECTION("another program's tables, with a log") {
    RawDatabase(path).run("PRAGMA journal_mode = WAL; CREATE TABLE songs (name)");
  }
  SECTION("another program's mark") { RawDatabase(path).run("PRAGMA application_id = 7"); }
  SECTION("another program's version") { RawDatabase(path).run("PRAGMA user_version = 1"); }
  SECTION("our mark without a version") {
    RawDatabase(path).run("PRAGMA application_id = 1464355651; CREATE TABLE endpoints (id)");
  }
  SECTION("a newer schema") {
    fill(path);
    RawDatabase(path).run("PRAGMA user_version = 2");
    expected = ErrorCode::schema_too_new;
  }
  const std::string before = read_file(path);
  CHECK(open_error({.path = path}) == expected);
  CHECK(open_error({.path = path}) == expected);
  CHECK((read_file(path) == before));
  CHECK_FALSE(fs::exists(path + "-wal"));
}

TEST_CASE("our tables in another shape are damage, not a crash") {
  const TempFolder folder;
  const std::string path = folder.file("a.db");
  fill(path);
  RawDatabase(path).run("DROP TABLE deliveries; ALTER TABLE endpoints DROP COLUMN description");
  const auto store = open_store(path);
  CHECK(store->list_deliveries({}).error().code == ErrorCode::store_corrupt);
  CHECK(store->list_endpoints({}).error().code == ErrorCode::store_corrupt);
  CHECK(enqueue(*store, message("msg_new")).error().code == ErrorCode::store_corrupt);
  CHECK(store->claim({"stripe", "new"}, kNow, 60s));
}

TEST_CASE("values that nobody of us wrote are damage") {
  const TempFolder folder;
  const std::string path = folder.file("a.db");
  fill(path);
  RawDatabase(path).run(
      "UPDATE deliveries SET state = 77 WHERE key = 2; UPDATE inbox SET headers = CAST('9:x,' AS "
      "BLOB);"
      "UPDATE endpoints SET secrets = CAST('1:a,1:b,' AS BLOB); UPDATE idempotency_keys SET state "
      "= -1");
  const auto store = open_store(path);
  CHECK(store->get_delivery(2).error().code == ErrorCode::store_corrupt);
  CHECK(store->count_deliveries({}).error().code == ErrorCode::store_corrupt);
  CHECK(store->replay(2, true, kNow).error().code == ErrorCode::store_corrupt);
  CHECK(store->list_events({}).error().code == ErrorCode::store_corrupt);
  // What cannot be read is out of the way of the others.
  REQUIRE(store->accept(event("evt_new"), "evt_new", "", kNow, 24h));
  const auto claimed = store->claim_due_events(kNow + 1h, 100, 60s);
  REQUIRE(claimed);
  REQUIRE(claimed->size() == 1);
  CHECK(claimed->front().event.event_id == "evt_new");
  CHECK(store->count_events({.error = std::string(kDamagedError)})->dead > 0);
  CHECK(store->list_endpoints({}).error().code == ErrorCode::store_corrupt);
  CHECK(store->claim({"stripe", "evt_1"}, kNow, 60s).error().code == ErrorCode::store_corrupt);
}

TEST_CASE("200 files with random bytes flipped never crash and are never deleted") {
  const TempFolder folder;
  const std::string path = folder.file("a.db");
  fill(path);
  const std::string sound = read_file(path);
  int refused = 0;
  int noticed = 0;
  for (unsigned seed = 1; seed <= 200; ++seed) {
    INFO("seed " << seed);
    std::mt19937 random(seed);
    std::string bytes = sound;
    // Most damage in the first pages, where the schema is.
    const std::size_t within = seed % 2 == 0 ? bytes.size() : 8192;
    for (unsigned flips = 1 + seed % 20; flips > 0; --flips) {
      bytes[random() % within] = static_cast<char>(random());
    }
    fs::remove(path + "-wal");
    fs::remove(path + "-shm");
    write_file(path, bytes);
    auto store = open_sqlite_store(
        {.path = path, .durability = Durability::normal, .busy_timeout = 100ms}, system_random);
    if (!store) {
      ++refused;
      CHECK(is_expected(store.error().code));
      CHECK((read_file(path) == bytes));
    } else if (exercise(**store) > 0) {
      ++noticed;
    }
    REQUIRE(fs::exists(path));
  }
  // Which ones it hits changes with every change of the schema.
  CHECK(refused > 20);
  CHECK(noticed > 10);
}

TEST_CASE("a file cut anywhere never crashes and is never deleted") {
  const TempFolder folder;
  const std::string path = folder.file("a.db");
  fill(path);
  const std::string sound = read_file(path);
  for (std::size_t part = 0; part < 64; ++part) {
    const std::string bytes = sound.substr(0, sound.size() * part / 64 + part % 3);
    INFO("cut to " << bytes.size());
    fs::remove(path + "-wal");
    fs::remove(path + "-shm");
    write_file(path, bytes);
    auto store = open_sqlite_store(
        {.path = path, .durability = Durability::normal, .busy_timeout = 100ms}, system_random);
    if (store) {
      exercise(**store);
    } else {
      CHECK(is_expected(store.error().code));
      CHECK((read_file(path) == bytes));
    }
    REQUIRE(fs::exists(path));
  }
}

TEST_CASE("a damaged log loses at most what stood in it, and crashes nobody") {
  const TempFolder folder;
  const std::string path = folder.file("a.db");
  fill(path);
  // A killed process leaves its log behind.
  const int code = wait_for(spawn([&] {
    const auto store = open_store(path);
    for (int i = 0; i < 20; ++i) {
      if (!enqueue(*store, message("late_" + std::to_string(i)))) return 1;
    }
    _exit(0);
  }));
  REQUIRE(code == 0);
  const std::string log = read_file(path + "-wal");
  REQUIRE(log.size() > 32);
  const std::string file = read_file(path);
  for (unsigned seed = 0; seed < 40; ++seed) {
    INFO("seed " << seed);
    std::mt19937 random(seed);
    std::string bytes = log;
    if (seed == 0) bytes.replace(0, 32, std::string(32, '\0'));
    if (seed == 1) bytes.clear();
    if (seed > 1) bytes[random() % bytes.size()] ^= 0x40;
    fs::remove(path + "-shm");
    write_file(path, file);
    write_file(path + "-wal", bytes);
    auto store = open_sqlite_store({.path = path}, system_random);
    REQUIRE(store);
    CHECK(*(*store)->get_message("msg_1"));
    exercise(**store);
  }
}

TEST_CASE("a delivery whose endpoint or message somebody deleted by hand is claimed for nobody") {
  for (const char* table : {"endpoints", "messages"}) {
    INFO(table);
    const TempFolder folder;
    const std::string path = folder.file("a.db");
    std::int64_t key = 0;
    {
      const auto store = open_quick_store(path);
      REQUIRE(store->create_endpoint(endpoint("ep_1")));
      key = enqueue(*store, message("msg_1"))->deliveries.front();
    }
    REQUIRE(RawDatabase(path).run(std::string("DELETE FROM ") + table));

    const auto store = open_quick_store(path);
    CHECK((**store->get_delivery(key)).state == DeliveryState::pending);
    CHECK(store->list_deliveries({})->size() == 1);
    CHECK(store->count_deliveries({})->pending == 1);
    const auto claimed = store->claim_due(kNow, 10, 60s);
    REQUIRE(claimed->size() == 1);
    CHECK(claimed->front().key == key);
    CHECK(claimed->front().endpoint_id.empty());
    const PutBack back{key, claimed->front().token, kNow};
    REQUIRE(store->put_back({&back, 1}, kNow));
    const auto cancelled = store->cancel(key, kNow);  // The put-back may have done it.
    CHECK((cancelled || cancelled.error().code == ErrorCode::conflict));
    CHECK((**store->get_delivery(key)).state == DeliveryState::cancelled);
    CHECK_FALSE(*store->next_due_at());
  }
}
