// The bug of SQLite before 3.51.3 that loses acknowledged commits (reliability.md 0.1),
// forced: a checkpoint has read the log's header, then another connection begins the
// log anew and commits, then the checkpoint goes on with the old header. Between the
// two steps SQLite does one thing that a test can get hold of: with memory mapping on,
// it calls munmap(2), which this file puts its own in place of.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

#include <sys/syscall.h>

#include <chrono>
#include <functional>
#include <random>
#include <thread>

#include "store/sqlite/fixture.h"
#include "store/sqlite/raw_database.h"

namespace {

// Called inside the window; empty outside of the tests below.
std::function<void()>* in_the_window = nullptr;

}  // namespace

extern "C" __attribute__((visibility("default"))) int munmap(void* address,
                                                             std::size_t size) noexcept {
  const auto result = static_cast<int>(syscall(SYS_munmap, address, size));
  if (in_the_window != nullptr) (*in_the_window)();
  return result;
}

using namespace webhookcore;
using namespace webhookcore::samples;

namespace {

// 3.51.3, and 3.50.7 and 3.44.6 of the older branches.
bool is_fixed(int version) {
  return version >= 3051003 || (version >= 3050007 && version < 3051000) ||
         (version >= 3044006 && version < 3045000);
}

// How many of the acknowledged rows are gone afterwards.
std::int64_t lost_by_plain_use(const std::string& path) {
  constexpr int kCommits = 20;
  {
    const RawDatabase writer(path);
    const RawDatabase checkpointer(path);
    REQUIRE(
        writer.run("PRAGMA journal_mode = WAL; CREATE TABLE t (x);"
                   "PRAGMA wal_autocheckpoint = 0"));
    REQUIRE(checkpointer.run("PRAGMA mmap_size = 100000000; PRAGMA wal_autocheckpoint = 0"));
    for (int i = 0; i < 100; ++i) REQUIRE(writer.run("INSERT INTO t VALUES (randomblob(3000))"));
    REQUIRE(writer.run("PRAGMA wal_checkpoint(PASSIVE)"));
    REQUIRE(checkpointer.number("SELECT count(*) FROM t") == 100);
    for (int i = 0; i < 100; ++i) REQUIRE(writer.run("INSERT INTO t VALUES (randomblob(3000))"));
    REQUIRE(writer.run("PRAGMA wal_checkpoint(PASSIVE)"));

    std::function<void()> commit = [&] {
      in_the_window = nullptr;
      REQUIRE(writer.run("INSERT INTO t VALUES (1)"));
    };
    in_the_window = &commit;
    REQUIRE(checkpointer.run("PRAGMA wal_checkpoint(PASSIVE)"));
    REQUIRE(in_the_window == nullptr);
    // The log is marked as folded in further than it reaches: what comes now is skipped
    // by the last checkpoint and deleted with the log.
    for (int i = 1; i < kCommits; ++i) REQUIRE(writer.run("INSERT INTO t VALUES (1)"));
  }
  return 200 + kCommits - RawDatabase(path).number("SELECT count(*) FROM t");
}

int send_slowly_unmapping(const std::string& path, const std::string& prefix, int count) {
  // The window, made long enough for the other process to act in it.
  std::function<void()> wait = [] { std::this_thread::sleep_for(2ms); };
  const auto store = open_quick_store(path);
  in_the_window = &wait;
  std::mt19937 random(static_cast<unsigned>(prefix.size()));
  for (int i = 0; i < count; ++i) {
    NewMessage large = message(prefix + std::to_string(i));
    large.message.body.resize(random() % 800'000, 'x');
    if (!enqueue(*store, large)) return 1;
  }
  store->close();
  in_the_window = nullptr;
  return 0;
}

}  // namespace

TEST_CASE("used in the plain way, the linked SQLite loses commits exactly if it is an old one") {
  const TempFolder folder;
  const std::int64_t lost = lost_by_plain_use(folder.file("plain.db"));
  WARN("SQLite " << sqlite3_libversion() << ": " << lost << " commits lost in a forced window");
  CHECK((lost > 0) == !is_fixed(sqlite3_libversion_number()));
}

TEST_CASE("the store never meets that window") {
  const TempFolder folder;
  const std::string path = folder.file("a.db");
  open_store(path)->close();
  constexpr int kSent = 100;
  const pid_t first = spawn([&] { return send_slowly_unmapping(path, "first_", kSent); });
  const pid_t second = spawn([&] { return send_slowly_unmapping(path, "second_", kSent); });
  CHECK(wait_for(first) == 0);
  CHECK(wait_for(second) == 0);
  const RawDatabase raw(path);
  CHECK(raw.number("SELECT count(*) FROM messages") == 2 * kSent);
  CHECK(raw.text("PRAGMA integrity_check") == "ok");
}

#endif
