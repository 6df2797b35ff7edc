// The line of an endpoint in order, between processes that die.
#include <sys/mman.h>

#include <array>
#include <atomic>
#include <csignal>
#include <thread>

#include "store/sqlite/fixture.h"

using namespace webhookcore;
using namespace webhookcore::samples;

namespace {

constexpr int kMessages = 150;
constexpr int kKills = 30;

// What was sent, in the order of sending; shared by all processes.
struct Receiver {
  std::atomic<int> count;
  std::array<std::atomic<std::int64_t>, 64 * kMessages> keys;

  void receive(std::int64_t key) { keys.at(static_cast<std::size_t>(count++)) = key; }
};

Receiver* make_receiver() {
  void* const memory =
      mmap(nullptr, sizeof(Receiver), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  return new (memory) Receiver{};
}

// Delivers until nothing is left: sends first and records then, as the engine does.
int deliver_all(const std::string& path, Receiver& receiver) {
  const auto store = open_quick_store(path);
  while (true) {
    if (!store->reap_deliveries(kNow)) return 1;
    const auto claimed = store->claim_due(kNow, 4, 60s);
    if (!claimed || claimed->size() > 1) return 2;
    for (const ClaimedDelivery& row : *claimed) {
      receiver.receive(row.key);
      if (!record_one(*store, record(row, DeliverySignal::succeeded))) return 3;
    }
    const auto counts = store->count_deliveries({});
    if (!counts) return 4;
    if (counts->pending + counts->in_flight == 0) return 0;
  }
}

}  // namespace

TEST_CASE("two processes that are killed again and again keep an endpoint's order") {
  const TempFolder folder;
  const std::string path = folder.file("a.db");
  {
    const auto store = open_quick_store(path);
    Endpoint in_line = endpoint("ep_1");
    in_line.fifo = true;
    REQUIRE(store->create_endpoint(in_line));
    for (int i = 0; i < kMessages; ++i) send_one(*store, message("msg_" + std::to_string(i)));
    store->close();
  }
  Receiver& receiver = *make_receiver();
  std::array<pid_t, 2> children{};
  for (pid_t& child : children) child = spawn([&] { return deliver_all(path, receiver); });
  for (int number = 1; number <= kKills; ++number) {
    while (receiver.count < number * kMessages / (kKills + 1)) std::this_thread::yield();
    pid_t& child = children[static_cast<std::size_t>(number % 2)];
    REQUIRE(kill(child, SIGKILL) == 0);
    wait_for(child);
    child = spawn([&] { return deliver_all(path, receiver); });
  }
  for (const pid_t child : children) CHECK(wait_for(child) == 0);

  std::int64_t last = 0;
  int distinct = 0;
  int sent = 0;
  for (int i = 0; i < receiver.count; ++i) {
    const std::int64_t key = receiver.keys.at(static_cast<std::size_t>(i));
    if (key == 0) continue;  // Killed before it was written down.
    REQUIRE(key >= last);    // A repeat of the last one is what a kill may cost.
    distinct += key > last ? 1 : 0;
    last = key;
    ++sent;
  }
  CHECK(distinct >= kMessages - kKills);
  CHECK(sent <= kMessages + kKills);
  const auto store = open_quick_store(path);
  CHECK(store->count_deliveries({})->delivered == kMessages);
  munmap(&receiver, sizeof(Receiver));
}
