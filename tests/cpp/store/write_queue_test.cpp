#include "webhookcore/store/write_queue.h"

#include <poll.h>

#include <atomic>
#include <csignal>
#include <set>
#include <thread>

#include "store/sqlite/fixture.h"
#include "store/sqlite/raw_database.h"
#include "webhookcore/store/memory/memory_store.h"

using namespace webhookcore;
using namespace webhookcore::samples;

namespace {

// Enqueues one message, and counts who destroyed it.
struct Send final : QueuedCall {
  explicit Send(const std::string& id) : sent(message(id)) {}
  void run(Store& store) override { result = enqueue(store, sent); }
  void fail(const Error& error) override { result = error; }

  NewMessage sent;
  std::optional<Result<Enqueued>> result;
};

// Runs what a test wants at that place of the batch.
struct Do final : QueuedCall {
  explicit Do(std::function<void(Store&)> given) : work(std::move(given)) {}
  void run(Store& store) override { work(store); }
  void fail(const Error& error) override { failed = error; }

  std::function<void(Store&)> work;
  std::optional<Error> failed;
};

// Holds the writer's thread inside a transaction until the test has prepared the next.
struct Gate {
  Signal reached;
  Signal opened;
  std::unique_ptr<QueuedCall> call() {
    return std::make_unique<Do>([this](Store&) {
      reached.send();
      opened.wait();
    });
  }
};

QueuedCalls sends(std::initializer_list<std::string> ids) {
  QueuedCalls calls;
  for (const std::string& id : ids) calls.push_back(std::make_unique<Send>(id));
  return calls;
}

QueuedCalls one(std::unique_ptr<QueuedCall> call) {
  QueuedCalls calls;
  calls.push_back(std::move(call));
  return calls;
}

bool is_readable(const Mailbox& box, int wait_ms = 0) {
  pollfd asked{box.descriptor(), POLLIN, 0};
  return poll(&asked, 1, wait_ms) == 1;
}

// Waits, as a loop does, until so many calls have come back; fewer when none comes any more.
// Checks nothing: Catch's assertions are for one thread.
QueuedCalls come_back(Mailbox& box, std::size_t count) {
  QueuedCalls all;
  while (all.size() < count && is_readable(box, 20'000)) {
    for (auto& call : box.take()) all.push_back(std::move(call));
  }
  return all;
}

QueuedCalls await(Mailbox& box, std::size_t count) {
  QueuedCalls all = come_back(box, count);
  REQUIRE(all.size() >= count);
  return all;
}

Result<Enqueued>& result_of(const std::unique_ptr<QueuedCall>& call) {
  return *dynamic_cast<Send&>(*call).result;
}

std::shared_ptr<Mailbox> make_box() { return *Mailbox::make(); }

}  // namespace

TEST_CASE("what is pushed comes back committed, in its order") {
  const TempFolder folder;
  const auto store = open_store(folder.file("a.db"));
  WriteQueue queue(store);
  const auto box = make_box();
  CHECK_FALSE(is_readable(*box));
  CHECK(box->take().empty());
  queue.push(sends({"msg_1", "msg_2", "msg_3"}), box);
  const auto back = await(*box, 3);
  CHECK(result_of(back[0])->message_id == "msg_1");
  CHECK(result_of(back[2])->message_id == "msg_3");
  CHECK_FALSE(is_readable(*box));
  store->close();
  const RawDatabase raw(folder.file("a.db"));
  CHECK(raw.number("SELECT count(*) FROM messages") == 3);
}

TEST_CASE("all that waits is one transaction, and who is refused is refused alone") {
  const TempFolder folder;
  const auto store = open_store(folder.file("a.db"));
  const auto box = make_box();
  Gate gate;
  WriteQueue queue(store);
  queue.push(one(gate.call()), box);
  REQUIRE(gate.reached.wait());
  queue.push(sends({"msg_1", "msg_1"}), box);
  queue.push(sends({"msg_2"}), box);
  bool is_shared = false;
  queue.push(one(std::make_unique<Do>([&](Store& inside) {
               // Not committed yet, and already there for whoever comes after.
               is_shared = inside.get_message("msg_2")->has_value();
             })),
             box);
  gate.opened.send();
  const auto back = await(*box, 5);
  CHECK(result_of(back[1]));
  CHECK(result_of(back[2]).error().code == ErrorCode::conflict);
  CHECK(result_of(back[3]));
  CHECK(is_shared);
  CHECK(store->list_messages({})->size() == 2);
}

TEST_CASE("a transaction that fails fails for each of its callers, and the next one works") {
  const TempFolder folder;
  const std::string path = folder.file("a.db");
  const auto store = open_store(path, 10ms);
  WriteQueue queue(store);
  const auto box = make_box();
  const Signal held;
  const Signal finished;
  const pid_t child = spawn([&] {
    const auto written = open_store(path)->together([&](Store&) {
      held.send();
      finished.wait();
    });
    return written ? 0 : 1;
  });
  REQUIRE(held.wait());
  queue.push(sends({"msg_1", "msg_2"}), box);
  const auto back = await(*box, 2);
  CHECK(result_of(back[0]).error().code == ErrorCode::store_busy);
  CHECK(result_of(back[1]).error().code == ErrorCode::store_busy);
  finished.send();
  CHECK(wait_for(child) == 0);
  queue.push(sends({"msg_1"}), box);
  CHECK(result_of(await(*box, 1)[0]));
}

TEST_CASE("each loop finds its own calls in its own box") {
  SystemRandom random;
  WriteQueue queue(make_memory_store(random));
  std::atomic<int> wrong = 0;
  std::vector<std::thread> loops;
  for (int loop = 0; loop < 4; ++loop) {
    loops.emplace_back([&, loop] {
      const auto box = make_box();
      for (int turn = 0; turn < 50; ++turn) {
        const std::string id = std::to_string(loop) + "_" + std::to_string(turn);
        queue.push(sends({id + "a", id + "b"}), box);
        const auto back = come_back(*box, 2);
        if (back.size() != 2) {
          ++wrong;
          break;
        }
        if (result_of(back[0])->message_id != id + "a") ++wrong;
        if (result_of(back[1])->message_id != id + "b") ++wrong;
      }
    });
  }
  for (std::thread& loop : loops) loop.join();
  CHECK(wrong == 0);
}

TEST_CASE("a box that its loop has left keeps nobody from committing") {
  const TempFolder folder;
  const auto store = open_store(folder.file("a.db"));
  const auto box = make_box();
  Gate gate;
  WriteQueue queue(store);
  queue.push(one(gate.call()), box);
  REQUIRE(gate.reached.wait());
  queue.push(sends({"left"}), make_box());
  queue.push(sends({"stayed"}), box);
  gate.opened.send();
  await(*box, 2);
  CHECK(*store->get_message("left"));
  CHECK(*store->get_message("stayed"));
}

TEST_CASE("closing finishes what was pushed and refuses what comes later") {
  const TempFolder folder;
  const auto store = open_store(folder.file("a.db"));
  const auto box = make_box();
  WriteQueue queue(store);
  queue.close(1s);  // Without a thread there is nothing to end.
  queue.push(sends({"too_late"}), box);
  CHECK(result_of(await(*box, 1)[0]).error().code == ErrorCode::closed);

  WriteQueue other(store);
  other.push(sends({"msg_1", "msg_2"}), box);
  other.close(20s);
  other.close(20s);
  CHECK(box->take().size() == 2);
  CHECK(store->list_messages({})->size() == 2);
}

TEST_CASE("a closed store is every caller's error") {
  SystemRandom random;
  const auto store = make_memory_store(random);
  WriteQueue queue(store);
  store->close();
  const auto box = make_box();
  queue.push(sends({"msg_1", "msg_2"}), box);
  for (const auto& call : await(*box, 2)) {
    CHECK(result_of(call).error().code == ErrorCode::closed);
  }
}

TEST_CASE("after a fork parent and child have a writer each, and nothing is written twice") {
  const TempFolder folder;
  const std::string path = folder.file("a.db");
  const auto store = open_store(path);
  auto queue = std::make_unique<WriteQueue>(store);
  const auto box = make_box();
  queue->push(sends({"before"}), box);
  await(*box, 1);
  Gate gate;
  queue->push(one(gate.call()), box);
  REQUIRE(gate.reached.wait());
  queue->push(sends({"waited"}), box);  // Who forks now must not take it along.
  std::thread opener([&] {
    std::this_thread::yield();
    gate.opened.send();
  });
  const int code = wait_for(spawn([&] {
    alarm(60);
    const auto own = make_box();
    queue->push(sends({"child"}), own);
    if (!result_of(await(*own, 1)[0])) return 1;
    if (!box->take().empty()) return 2;
    queue->push(sends({"to_the_parents_box"}), box);
    queue->close(20s);
    if (is_readable(*own) || !box->take().empty()) return 3;
    queue.reset();
    return 0;
  }));
  opener.join();
  CHECK(code == 0);
  const auto back = await(*box, 2);
  CHECK(result_of(back[1])->message_id == "waited");
  queue->push(sends({"after"}), box);
  await(*box, 1);
  store->close();
  const RawDatabase raw(path);
  CHECK(raw.number("SELECT count(*) FROM messages") == 5);
  CHECK(raw.text("PRAGMA integrity_check") == "ok");
}

TEST_CASE("forks under load stop no loop and lose nothing") {
  const TempFolder folder;
  const std::string path = folder.file("a.db");
  const auto store = open_quick_store(path);
  WriteQueue queue(store);
  std::atomic<bool> stop = false;
  std::atomic<int> sent = 0;
  std::atomic<int> lost = 0;
  std::vector<std::thread> loops;
  for (int loop = 0; loop < 3; ++loop) {
    loops.emplace_back([&, loop] {
      const auto box = make_box();
      for (int turn = 0; !stop; ++turn) {
        const std::string id = "p" + std::to_string(loop) + "_" + std::to_string(turn);
        queue.push(sends({id, id + "b"}), box);
        const QueuedCalls calls = come_back(*box, 2);
        lost += 2 - static_cast<int>(calls.size());
        for (const auto& call : calls) {
          if (result_of(call)) ++sent;
        }
      }
    });
  }
  constexpr int kForks = 60;
  for (int nth = 0; nth < kForks; ++nth) {
    const int code = wait_for(spawn([&] {
      alarm(60);
      const auto box = make_box();
      queue.push(sends({"c" + std::to_string(nth)}), box);
      return result_of(await(*box, 1)[0]) ? 0 : 1;
    }));
    CHECK(code == 0);
  }
  stop = true;
  for (std::thread& loop : loops) loop.join();
  store->close();
  CHECK(lost == 0);
  CHECK(RawDatabase(path).number("SELECT count(*) FROM messages") == sent + kForks);
}
