// Locks of others, full disks, readers that stay, and the size of the log.
#include <sys/mount.h>
#include <sys/resource.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <thread>

#include "store/sqlite/fixture.h"
#include "store/sqlite/raw_database.h"

using namespace webhookcore;
using namespace webhookcore::samples;

namespace fs = std::filesystem;

namespace {

// A child that runs `sql` on the file and keeps the connection until it is told.
class Foreigner {
 public:
  Foreigner(const std::string& path, const std::string& sql) {
    child_ = spawn([&] {
      const RawDatabase raw(path);
      if (!raw.run(sql)) return 1;
      ready_.send();
      go_.wait();
      return 0;
    });
    REQUIRE(ready_.wait());
  }
  ~Foreigner() {
    go_.send();
    wait_for(child_);
  }

 private:
  Signal ready_;
  Signal go_;
  pid_t child_ = 0;
};

}  // namespace

TEST_CASE("a foreign writer that does not let go makes callers busy, after the timeout") {
  const TempFolder folder;
  const std::string path = folder.file("a.db");
  const auto store = open_store(path, 200ms);
  REQUIRE(enqueue(*store, message("msg_1")));
  {
    const Foreigner foreigner(path, "BEGIN IMMEDIATE");
    const auto start = std::chrono::steady_clock::now();
    CHECK(enqueue(*store, message("msg_2")).error().code == ErrorCode::store_busy);
    const auto waited = std::chrono::steady_clock::now() - start;
    CHECK(waited > 150ms);
    CHECK(waited < 5s);
    CHECK(*store->get_message("msg_1"));
  }
  CHECK(enqueue(*store, message("msg_2")));
}

TEST_CASE("a foreign reader holds up neither writers nor their checkpoints") {
  const TempFolder folder;
  const std::string path = folder.file("a.db");
  const auto store = open_store(path, 5s);
  REQUIRE(enqueue(*store, message("msg_0")));
  const Foreigner foreigner(path, "BEGIN; SELECT count(*) FROM messages");
  NewMessage large = message("large");
  large.message.body.resize(5'000'000);
  REQUIRE(enqueue(*store, large));
  const auto start = std::chrono::steady_clock::now();
  for (int i = 1; i < 300; ++i) REQUIRE(enqueue(*store, message("msg_" + std::to_string(i))));
  // A checkpoint that waited for the reader would take the whole busy timeout.
  CHECK(std::chrono::steady_clock::now() - start < 5s);
}

TEST_CASE("checkpoints keep the log small") {
  const TempFolder folder;
  const std::string path = folder.file("a.db");
  const auto store = open_quick_store(path);
  REQUIRE(store->create_endpoint(endpoint("ep_1")));
  std::uintmax_t largest = 0;
  for (int i = 0; i < 3000; ++i) {
    REQUIRE(enqueue(*store, message("msg_" + std::to_string(i))));
    largest = std::max(largest, fs::file_size(path + "-wal"));
  }
  CHECK(largest > 1'000'000);
  CHECK(largest < 6'000'000);
}

TEST_CASE("a log that grew beyond its cap gives its space back") {
  const TempFolder folder;
  const std::string path = folder.file("a.db");
  const auto store = open_store(path);
  NewMessage large = message("large");
  large.message.body.resize(80'000'000);
  REQUIRE(enqueue(*store, large));
  CHECK(fs::file_size(path + "-wal") < 1'000'000);
  CHECK((*store->get_message("large"))->body.size() == 80'000'000);
}

TEST_CASE("an idle store empties its log into the file") {
  const TempFolder folder;
  const std::string path = folder.file("a.db");
  const auto store = open_store(path);
  NewMessage sent = message("msg_1");
  sent.message.body.assign(100'000, 'y');
  REQUIRE(enqueue(*store, sent));
  REQUIRE(*store->reap_deliveries(kNow) == 0);
  CHECK(read_file(path).find(std::string(3000, 'y')) == std::string::npos);
  std::this_thread::sleep_for(1100ms);  // The store's own, real second of quiet.
  REQUIRE(*store->reap_deliveries(kNow) == 0);
  CHECK(read_file(path).find(std::string(3000, 'y')) != std::string::npos);
}

TEST_CASE("a file that may not grow is full, nothing is lost, and space back is enough") {
  const TempFolder folder;
  const std::string path = folder.file("a.db");
  open_store(path)->close();
  const int code = wait_for(spawn([&] {
    signal(SIGXFSZ, SIG_IGN);
    const auto store = open_store(path);
    const rlimit small = {400'000, RLIM_INFINITY};
    if (setrlimit(RLIMIT_FSIZE, &small) != 0) return 1;
    int stored = 0;
    Result<Enqueued> sent = Enqueued{};
    while ((sent = enqueue(*store, message("msg_" + std::to_string(stored))))) ++stored;
    if (sent.error().code != ErrorCode::store_full) return 2;
    if (enqueue(*store, message("again")).error().code != ErrorCode::store_full) return 3;
    if (stored < 10 || !*store->get_message("msg_3")) return 4;
    const rlimit large = {RLIM_INFINITY, RLIM_INFINITY};
    if (setrlimit(RLIMIT_FSIZE, &large) != 0) return 5;
    if (!enqueue(*store, message("msg_" + std::to_string(stored)))) return 6;
    store->close();
    const RawDatabase raw(path);
    if (raw.number("SELECT count(*) FROM messages") != stored + 1) return 7;
    return raw.text("PRAGMA integrity_check") == "ok" ? 0 : 8;
  }));
  CHECK(code == 0);
}

TEST_CASE("a full disk is full, and stays usable") {
  const TempFolder folder;
  const std::string disk = folder.file("disk");
  fs::create_directory(disk);
  if (mount("none", disk.c_str(), "tmpfs", 0, "size=1m") != 0) {
    WARN("not allowed to mount: skipped");
    return;
  }
  {
    const auto store = open_store(disk + "/a.db");
    int stored = 0;
    Result<Enqueued> sent = Enqueued{};
    while ((sent = enqueue(*store, message("msg_" + std::to_string(stored))))) ++stored;
    CHECK(sent.error().code == ErrorCode::store_full);
    CHECK(store->claim({"s", "k"}, kNow, 60s).error().code == ErrorCode::store_full);
    CHECK(*store->get_message("msg_0"));
    REQUIRE(mount("none", disk.c_str(), "tmpfs", MS_REMOUNT, "size=8m") == 0);
    CHECK(enqueue(*store, message("later")));
    CHECK(store->list_messages({.limit = 100000})->size() == static_cast<std::size_t>(stored) + 1);
    store->close();
  }
  CHECK(open_error({.path = disk + "/a.db"}) == std::nullopt);
  CHECK(umount(disk.c_str()) == 0);
}

TEST_CASE("a disk that became read-only is unavailable, and what is there can be read") {
  const TempFolder folder;
  const std::string disk = folder.file("disk");
  fs::create_directory(disk);
  if (mount("none", disk.c_str(), "tmpfs", 0, "size=4m") != 0) {
    WARN("not allowed to mount: skipped");
    return;
  }
  open_store(disk + "/a.db")->close();
  REQUIRE(mount("none", disk.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, "size=4m") == 0);
  CHECK(open_error({.path = disk + "/a.db"}) == ErrorCode::store_unavailable);
  CHECK(open_error({.path = disk + "/new.db"}) == ErrorCode::store_unavailable);
  CHECK(umount(disk.c_str()) == 0);
}
