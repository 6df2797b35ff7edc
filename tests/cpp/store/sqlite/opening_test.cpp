#include <sys/stat.h>

#include <filesystem>

#include "store/sqlite/fixture.h"
#include "store/sqlite/raw_database.h"

using namespace webhookcore;
using namespace webhookcore::samples;

namespace fs = std::filesystem;

TEST_CASE("a new file is ours, private and versioned") {
  const TempFolder folder;
  const std::string path = folder.file("a.db");
  open_store(path)->close();

  struct stat status = {};
  REQUIRE(stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  REQUIRE(stat((path + "-lock").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  CHECK_FALSE(fs::exists(path + "-wal"));
  const RawDatabase raw(path);
  CHECK(raw.number("PRAGMA application_id") == 0x57484B43);
  CHECK(raw.number("PRAGMA user_version") == 1);
  CHECK(raw.text("PRAGMA journal_mode") == "wal");
  CHECK(raw.text("PRAGMA integrity_check") == "ok");
}

TEST_CASE("an empty file becomes a store, and what is stored outlives the process's objects") {
  const TempFolder folder;
  const std::string path = folder.file("a.db");
  write_file(path, "");
  {
    const auto store = open_store(path);
    REQUIRE(enqueue(*store, message("msg_1")));
  }
  CHECK(*open_store(path)->get_message("msg_1"));
}

TEST_CASE("a file that is not there is only created when that is wanted") {
  const TempFolder folder;
  const std::string path = folder.file("a.db");
  CHECK(open_error({.path = path, .create = false}) == ErrorCode::store_unavailable);
  CHECK_FALSE(fs::exists(path));
  CHECK_FALSE(fs::exists(path + "-lock"));
  CHECK(open_error({.path = folder.file("no/such/folder/a.db")}) == ErrorCode::store_unavailable);
}

TEST_CASE("what cannot be a file is refused") {
  const TempFolder folder;
  CHECK(open_error({.path = ""}) == ErrorCode::config);
  CHECK(open_error({.path = std::string("a\0b", 3)}) == ErrorCode::config);
  CHECK(open_error({.path = folder.file("")}) == ErrorCode::store_unavailable);
  REQUIRE(mkfifo(folder.file("pipe").c_str(), 0600) == 0);
  CHECK(open_error({.path = folder.file("pipe")}) == ErrorCode::store_unavailable);
  CHECK(open_error({.path = "/dev/null"}) == ErrorCode::store_unavailable);
}

TEST_CASE("a file without permission is unavailable and left alone") {
  const TempFolder folder;
  const std::string path = folder.file("a.db");
  open_store(path)->close();
  const std::string before = read_file(path);
  REQUIRE(chmod(path.c_str(), 0444) == 0);
  fs::permissions(fs::path(path).parent_path(), fs::perms(0777));
  // The superuser may write everywhere, so another user tries.
  const int code = wait_for(spawn([&] {
    if (getuid() == 0 && setuid(65534) != 0) return 9;
    return open_error({.path = path}) == ErrorCode::store_unavailable ? 0 : 1;
  }));
  CHECK(code == 0);
  CHECK((read_file(path) == before));
}

TEST_CASE("all paths to one file share one store in a process") {
  const TempFolder folder;
  const std::string path = folder.file("a.db");
  const auto first = open_store(path);
  fs::create_symlink(path, folder.file("symbolic.db"));
  fs::create_directory(folder.file("other"));
  fs::create_directory_symlink(folder.file(""), folder.file("other/back"));
  const auto second = open_store(folder.file("symbolic.db"));
  const auto third = open_store(folder.file("other/back/a.db"));
  REQUIRE(enqueue(*first, message("msg_1")));
  REQUIRE(enqueue(*second, message("msg_2")));
  REQUIRE(enqueue(*third, message("msg_3")));
  CHECK(first->list_messages({})->size() == 3);
  CHECK(third->info().path == first->info().path);
  CHECK_FALSE(fs::exists(folder.file("symbolic.db-wal")));

  first->close();
  CHECK(enqueue(*first, message("msg_4")).error().code == ErrorCode::closed);
  CHECK(enqueue(*second, message("msg_4")));
  second->close();
  third->close();
  const auto again = open_store(path);
  CHECK(again->list_messages({})->size() == 4);
}

TEST_CASE("a file with two hard links is refused by either name, also while it is open") {
  const TempFolder folder;
  const std::string path = folder.file("a.db");
  auto store = open_store(path);
  fs::create_hard_link(path, folder.file("hard.db"));
  for (const bool open : {true, false}) {
    if (!open) store->close();
    for (const char* name : {"a.db", "hard.db"}) {
      INFO(name);
      const auto refused = open_sqlite_store({.path = folder.file(name)}, system_random);
      REQUIRE_FALSE(refused);
      CHECK(refused.error().code == ErrorCode::store_unavailable);
      CHECK(refused.error().detail.find("hard link") != std::string::npos);
    }
  }
  CHECK_FALSE(fs::exists(folder.file("hard.db-lock")));
  fs::remove(folder.file("hard.db"));
  CHECK(open_store(path));
}

TEST_CASE("a file that was moved away under the store takes no more commits") {
  const TempFolder folder;
  const std::string path = folder.file("a.db");
  const auto store = open_store(path);
  REQUIRE(enqueue(*store, message("msg_1")));
  fs::rename(path, folder.file("b.db"));
  CHECK(enqueue(*store, message("msg_2")).error().code == ErrorCode::store_unavailable);
  fs::rename(folder.file("b.db"), path);
  CHECK(enqueue(*store, message("msg_2")));
}

TEST_CASE("an endpoint's bytes stand in the file as they were given") {
  const TempFolder folder;
  const std::string path = folder.file("a.db");
  {
    const auto store = open_store(path);
    Endpoint made = endpoint("ep_1", {"x'); DROP TABLE messages; --", "\"'\\"});
    made.description = "'); DELETE FROM endpoints; --";
    REQUIRE(store->create_endpoint(made));
    CHECK((*store->get_endpoint("ep_1"))->events == made.events);
    CHECK((*store->get_endpoint("ep_1"))->description == made.description);
  }
  const RawDatabase raw(path);
  CHECK(raw.number("SELECT count(*) FROM endpoints") == 1);
}
