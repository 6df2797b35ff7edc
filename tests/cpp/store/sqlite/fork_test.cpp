// fork() in the middle of everything (reliability.md 0.2).
#include <atomic>
#include <csignal>
#include <thread>
#include <vector>

#include "store/sqlite/fixture.h"
#include "store/sqlite/raw_database.h"

using namespace webhookcore;
using namespace webhookcore::samples;

TEST_CASE("a child goes on with its parent's store as if it were its own") {
  const TempFolder folder;
  const std::string path = folder.file("a.db");
  const auto store = open_store(path);
  REQUIRE(store->create_endpoint(endpoint("ep_1")));
  REQUIRE(enqueue(*store, message("before")));
  const int code = wait_for(spawn([&] {
    if (!*store->get_message("before")) return 1;
    if (!enqueue(*store, message("in child"))) return 2;
    if (store->claim_due(kNow, 1, 60s)->size() != 1) return 3;
    // Opening the same file again shares what the child has.
    if (!enqueue(*open_store(path), message("opened in child"))) return 4;
    store->close();
    return 0;
  }));
  CHECK(code == 0);
  REQUIRE(enqueue(*store, message("after")));
  CHECK(store->list_messages({})->size() == 4);
}

TEST_CASE("a child that never touches the store leaves the parent's locks alone") {
  const TempFolder folder;
  const auto store = open_store(folder.file("a.db"));
  REQUIRE(store->claim({"stripe", "evt_1"}, kNow, 60s)->kind == ClaimResult::Kind::won);
  CHECK(wait_for(spawn([] { return 0; })) == 0);
  // Seen from another process, the parent still owns its claim.
  const int code = wait_for(spawn([&] {
    const auto claim = store->claim({"stripe", "evt_1"}, kNow, 60s);
    return claim && claim.value().kind == ClaimResult::Kind::running ? 0 : 1;
  }));
  CHECK(code == 0);
  CHECK(store->claim({"stripe", "evt_1"}, kNow, 60s)->kind == ClaimResult::Kind::running);
}

TEST_CASE("a parent that closes does not take the log away from its child") {
  const TempFolder folder;
  const std::string path = folder.file("a.db");
  auto store = open_store(path);
  REQUIRE(enqueue(*store, message("before")));
  const Signal wrote;
  const Signal closed;
  const pid_t child = spawn([&] {
    if (!enqueue(*store, message("child 1"))) return 1;
    wrote.send();
    if (!closed.wait()) return 2;
    for (int i = 2; i < 50; ++i) {
      if (!enqueue(*store, message("child " + std::to_string(i)))) return 3;
    }
    return store->list_messages({})->size() == 50 ? 0 : 4;
  });
  REQUIRE(wrote.wait());
  store->close();
  closed.send();
  CHECK(wait_for(child) == 0);
  const RawDatabase raw(path);
  CHECK(raw.number("SELECT count(*) FROM messages") == 50);
  CHECK(raw.text("PRAGMA integrity_check") == "ok");
}

TEST_CASE("a hundred forks under load lose nothing and stop nobody") {
  const TempFolder folder;
  const std::string path = folder.file("a.db");
  auto store = open_store(path);
  REQUIRE(store->create_endpoint(endpoint("ep_1")));
  std::atomic<bool> stop = false;
  std::atomic<int> sent = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; !stop; ++i) {
        const std::string id = "parent_" + std::to_string(thread) + "_" + std::to_string(i);
        if (enqueue(*store, message(id))) ++sent;
        if (!store->list_messages({.limit = 3})) stop = true;
      }
    });
  }
  constexpr int kForks = 100;
  constexpr int kSentByEach = 3;
  std::vector<pid_t> children;
  for (int nth = 0; nth < kForks; ++nth) {
    children.push_back(spawn([&] {
      alarm(60);  // A deadlock ends by a signal and not by the test's patience.
      for (int i = 0; i < kSentByEach; ++i) {
        const std::string id = "child_" + std::to_string(nth) + "_" + std::to_string(i);
        if (!enqueue(*store, message(id))) return 1;
      }
      return 0;
    }));
    if (children.size() >= 4) {
      CHECK(wait_for(children.front()) == 0);
      children.erase(children.begin());
    }
  }
  for (const pid_t child : children) CHECK(wait_for(child) == 0);
  CHECK_FALSE(stop);
  stop = true;
  for (std::thread& thread : threads) thread.join();
  store->close();
  const RawDatabase raw(path);
  CHECK(raw.number("SELECT count(*) FROM messages") == sent + kForks * kSentByEach);
  CHECK(raw.number("SELECT count(*) FROM deliveries") == sent + kForks * kSentByEach);
  CHECK(raw.text("PRAGMA integrity_check") == "ok");
}
