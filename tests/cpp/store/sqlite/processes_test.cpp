// Several processes, threads and deaths on one file.
#include <sys/mman.h>

#include <atomic>
#include <csignal>
#include <random>
#include <thread>
#include <vector>

#include "store/sqlite/fixture.h"
#include "store/sqlite/raw_database.h"

using namespace webhookcore;
using namespace webhookcore::samples;

namespace {

constexpr int kRounds = 25;
constexpr int kProcesses = 4;
constexpr int kThreads = 8;

// Memory that children share with their parent.
struct Board {
  std::atomic<int> ready;
  std::atomic<int> round;
  std::atomic<int> winners[kRounds];
  std::atomic<int> answers[kRounds];
};

Board* make_board() {
  void* const memory =
      mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  return new (memory) Board{};
}

int claim_in_threads(const std::string& path, Board& board) {
  auto opened = open_sqlite_store({.path = path, .busy_timeout = 20s}, system_random);
  if (!opened) return 1;
  Store& store = **opened;
  std::vector<std::thread> threads;
  std::atomic<int> failures = 0;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < kRounds; ++round) {
        ++board.ready;
        while (board.round < round) std::this_thread::yield();
        const std::string id = "evt_" + std::to_string(round);
        const auto claim = store.claim({"stripe", id}, kNow, 60s);
        if (!claim) ++failures;
        if (claim && claim.value().kind == ClaimResult::Kind::won) ++board.winners[round];
        ++board.answers[round];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  // What an ended process won would be free again for the others.
  while (board.answers[kRounds - 1] < kProcesses * kThreads) std::this_thread::yield();
  _exit(failures == 0 ? 0 : 2);
}

int send_many(const std::string& path, const std::string& prefix, int count) {
  const auto store = open_quick_store(path);
  for (int i = 0; i < count; ++i) {
    if (!enqueue(*store, message(prefix + std::to_string(i)))) return 2;
  }
  store->close();
  return 0;
}

// Large bodies, so that a checkpoint comes every ten commits or so, and a reader that
// is in its way now and then.
int send_large(const std::string& path, const std::string& prefix, int count) {
  const auto store = open_quick_store(path);
  std::mt19937 random(static_cast<unsigned>(prefix.size()));
  for (int i = 0; i < count; ++i) {
    NewMessage large = message(prefix + std::to_string(i));
    large.message.body.resize(random() % 800'000, 'x');
    if (!enqueue(*store, large)) return 2;
    for (int back = 0; back < 3 && back <= i; ++back) {
      const auto found = store->get_message(prefix + std::to_string(i - back));
      if (!found || !*found) return 3;
    }
  }
  return 0;
}

}  // namespace

TEST_CASE("of 4 processes with 8 threads each exactly one wins a claim, every time") {
  const TempFolder folder;
  const std::string path = folder.file("a.db");
  open_store(path)->close();
  Board& board = *make_board();
  board.round = -1;
  std::vector<pid_t> children;
  for (int i = 0; i < kProcesses; ++i) {
    children.push_back(spawn([&] { return claim_in_threads(path, board); }));
  }
  constexpr int kClaimers = kProcesses * kThreads;
  for (int round = 0; round < kRounds; ++round) {
    while (board.ready < (round + 1) * kClaimers) std::this_thread::yield();
    board.round = round;
  }
  for (const pid_t child : children) CHECK(wait_for(child) == 0);
  for (int round = 0; round < kRounds; ++round) {
    CHECK(board.winners[round] == 1);
    CHECK(board.answers[round] == kClaimers);
  }
  munmap(&board, sizeof(Board));
}

TEST_CASE("what a killed process held is free at once, and its token is worth nothing") {
  const TempFolder folder;
  const std::string path = folder.file("a.db");
  const auto store = open_store(path);
  REQUIRE(store->create_endpoint(endpoint("ep_1")));
  REQUIRE(enqueue(*store, message("msg_1")));
  REQUIRE(store->accept(event("evt_2"), "evt_2", "", kNow, 24h));
  const Signal claimed;
  const pid_t child = spawn([&] {
    const bool held = store->claim({"stripe", "evt_1"}, kNow, 1h).ok() &&
                      store->claim_due(kNow, 10, 1h)->size() == 1 &&
                      store->claim_due_events(kNow, 10, 1h)->size() == 1;
    if (!held) return 1;
    claimed.send();
    pause();
    return 0;
  });
  REQUIRE(claimed.wait());

  // Alive, it keeps everything.
  CHECK(store->claim({"stripe", "evt_1"}, kNow, 60s)->kind == ClaimResult::Kind::running);
  CHECK(*store->reap_deliveries(kNow + 1min) == 0);
  CHECK(*store->reap_events(kNow + 1min) == 0);
  REQUIRE(kill(child, SIGKILL) == 0);
  CHECK(wait_for(child) == -1);

  const auto taken = store->claim({"stripe", "evt_1"}, kNow + 1ms, 60s);
  CHECK(taken->kind == ClaimResult::Kind::won);
  CHECK(*store->reap_deliveries(kNow + 1ms) == 1);
  CHECK(*store->reap_events(kNow + 1ms) == 1);
  CHECK(store->claim_due(kNow + 1ms, 10, 60s)->front().trigger == "retry");
  CHECK(store->claim_due_events(kNow + 1ms, 10, 60s)->front().event.crashes == 1);
}

TEST_CASE("a stopped process that comes back is fenced off") {
  const TempFolder folder;
  const std::string path = folder.file("a.db");
  const auto store = open_store(path);
  REQUIRE(store->create_endpoint(endpoint("ep_1")));
  REQUIRE(enqueue(*store, message("msg_1")));
  const Signal claimed;
  const Signal go_on;
  const pid_t child = spawn([&] {
    const auto mine = store->claim_due(kNow, 1, 60s);
    claimed.send();
    if (!go_on.wait()) return 1;
    const auto late = record_one(*store, record(mine->front(), DeliverySignal::succeeded));
    return !late && late.error().code == ErrorCode::lease_lost ? 0 : 2;
  });
  REQUIRE(claimed.wait());
  REQUIRE(*store->reap_deliveries(kNow + 60s) == 1);
  const auto next = store->claim_due(kNow + 60s, 1, 60s);
  go_on.send();
  CHECK(wait_for(child) == 0);
  CHECK(record_one(*store, record(next->front(), DeliverySignal::succeeded)));
  CHECK(store->list_attempts(next->front().key)->size() == 1);
}

TEST_CASE("closing gives this process's claims back without counting them") {
  const TempFolder folder;
  const std::string path = folder.file("a.db");
  const auto store = open_store(path);
  REQUIRE(store->create_endpoint(endpoint("ep_1")));
  REQUIRE(enqueue(*store, message("msg_1")));
  REQUIRE(store->accept(event("evt_1"), "evt_1", "", kNow, 24h));
  REQUIRE(store->claim_due(kNow, 1, 60s)->size() == 1);
  REQUIRE(store->claim_due_events(kNow, 1, 60s)->size() == 1);
  REQUIRE(store->claim({"stripe", "inline"}, kNow, 60s)->kind == ClaimResult::Kind::won);
  store->close();

  const auto again = open_store(path);
  const auto delivery = again->claim_due(kNow, 1, 60s);
  REQUIRE(delivery->size() == 1);
  CHECK(delivery->front().trigger == "send");
  CHECK((*again->get_delivery(delivery->front().key))->reaps == 0);
  CHECK(again->claim_due_events(kNow, 1, 60s)->front().event.crashes == 0);
  CHECK(again->claim({"stripe", "inline"}, kNow, 60s)->kind == ClaimResult::Kind::won);
}

TEST_CASE("two processes writing 1,000 messages each lose none") {
  const TempFolder folder;
  const std::string path = folder.file("a.db");
  {
    const auto store = open_store(path);
    REQUIRE(store->create_endpoint(endpoint("ep_1")));
    store->close();
  }
  const pid_t first = spawn([&] { return send_many(path, "first_", 1000); });
  const pid_t second = spawn([&] { return send_many(path, "second_", 1000); });
  CHECK(wait_for(first) == 0);
  CHECK(wait_for(second) == 0);
  const RawDatabase raw(path);
  CHECK(raw.number("SELECT count(*) FROM messages") == 2000);
  CHECK(raw.number("SELECT count(*) FROM deliveries") == 2000);
  CHECK(raw.number("SELECT count(*) FROM deliveries AS d JOIN messages AS m ON d.key > m.key"
                   " AND d.key <= m.key + m.fan_out AND d.message = m.key") == 2000);
  CHECK(raw.text("PRAGMA integrity_check") == "ok");
}

// reliability.md 0.1: a checkpoint of one process that races a commit of another is
// what loses acknowledged rows in SQLite before 3.51.3.
TEST_CASE("commits that race checkpoints of another process lose nothing") {
  const TempFolder folder;
  const std::string path = folder.file("a.db");
  open_store(path)->close();
  constexpr int kSent = 150;
  const pid_t first = spawn([&] { return send_large(path, "first_", kSent); });
  const pid_t second = spawn([&] { return send_large(path, "second_", kSent); });
  CHECK(wait_for(first) == 0);
  CHECK(wait_for(second) == 0);
  const RawDatabase raw(path);
  CHECK(raw.number("SELECT count(*) FROM messages") == 2 * kSent);
  CHECK(raw.text("PRAGMA integrity_check") == "ok");
}

TEST_CASE("processes killed at random lose nothing that was acknowledged") {
  const TempFolder folder;
  const std::string path = folder.file("a.db");
  open_store(path)->close();
  int acknowledged = 0;
  for (int kill_number = 0; kill_number < 25; ++kill_number) {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    const std::string prefix = "msg_" + std::to_string(kill_number) + "_";
    const pid_t child = spawn([&] {
      const auto store = open_store(path);
      for (int i = 0;; ++i) {
        if (!enqueue(*store, message(prefix + std::to_string(i)))) return 1;
        if (write(ends[1], &i, sizeof i) != sizeof i) return 2;
      }
    });
    ::close(ends[1]);
    const int wanted = 1 + kill_number * 37 % 90;
    int last = -1;
    int next = 0;
    while (last < wanted && read(ends[0], &next, sizeof next) == sizeof next) last = next;
    REQUIRE(kill(child, SIGKILL) == 0);
    while (read(ends[0], &next, sizeof next) == sizeof next) last = next;
    ::close(ends[0]);
    CHECK(wait_for(child) == -1);
    const auto store = open_store(path);
    for (int i = 0; i <= last; ++i) {
      const auto found = store->get_message(prefix + std::to_string(i));
      REQUIRE((found && *found));
    }
    acknowledged += last + 1;
    store->close();
  }
  CHECK(acknowledged > 25);
  CHECK(RawDatabase(path).text("PRAGMA integrity_check") == "ok");
}
