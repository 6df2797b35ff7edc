#include "webhookcore/engine/engine.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>

#include "catch.h"
#include "engine/engine_tools.h"
#include "engine/failing_store.h"
#include "engine/fake_transport.h"
#include "webhookcore/engine/event_log.h"
#include "webhookcore/store/memory/memory_store.h"

using namespace webhookcore;
using namespace webhookcore::testing;

namespace {

constexpr Duration kLong = 30s;  // Never waited for: a test that gets there has failed.

FakeReceiver::Script always(int status) {
  return [status](const HttpAttempt&) { return answer(0, status); };
}
FakeReceiver::Script never() {
  return [](const HttpAttempt&) { return std::nullopt; };
}

// An engine with real threads, a receiver in memory, and a clock that stands still.
struct Bench {
  SystemRandom random;
  ManualClock clock{kStart};
  std::shared_ptr<FailingStore> store = std::make_shared<FailingStore>(make_memory_store(random));
  std::shared_ptr<FakeReceiver> receiver;
  std::unique_ptr<Engine> engine;

  explicit Bench(FakeReceiver::Script script, EngineOptions options = {},
                 const Clock* other_clock = nullptr)
      : receiver(std::make_shared<FakeReceiver>(std::move(script))) {
    REQUIRE(store->create_endpoint(make_endpoint()).ok());
    engine = std::make_unique<Engine>(
        store,
        [this]() -> Result<std::unique_ptr<Transport>> {
          return std::unique_ptr<Transport>(std::make_unique<FakeTransport>(receiver));
        },
        options, other_clock != nullptr ? *other_clock : clock, random);
  }

  std::vector<Enqueued> send(int count) {
    std::vector<NewMessage> batch(static_cast<std::size_t>(count), make_message());
    std::vector<Enqueued> all;
    for (auto& result : engine->enqueue(std::move(batch))) {
      REQUIRE(result.ok());
      all.push_back(std::move(result).value());
    }
    return all;
  }

  RunCounts run(Duration wait = 0s) {
    const auto result = engine->run_until_idle(wait, kLong);
    REQUIRE(result.ok());
    CHECK(result->idle);
    return result->counts;
  }

  DeliveryCounts counts() { return *store->count_deliveries({}); }
};

void wait_for_problem(Engine& engine) {
  while (engine.take_problems().empty()) std::this_thread::yield();
}

}  // namespace

TEST_CASE("a message gets an id and a time, and is delivered where nothing ran before") {
  Bench bench(always(200));
  const auto sent = bench.send(1);
  CHECK(sent[0].message_id.size() == 30);
  CHECK(sent[0].message_id.substr(0, 4) == "msg_");
  CHECK((*bench.store->get_message(sent[0].message_id))->created_at == kStart);
  CHECK_FALSE(bench.engine->running());

  const RunCounts counts = bench.run();
  CHECK(counts.attempts == 1);
  CHECK(counts.delivered == 1);
  CHECK_FALSE(bench.engine->running());
  CHECK(bench.counts().delivered == 1);
  const auto requests = bench.receiver->requests();
  REQUIRE(requests.size() == 1);
  CHECK(header_of(requests[0], "webhook-id") == sent[0].message_id);

  const auto events = bench.engine->take_events(10);
  REQUIRE(events.size() == 1);
  CHECK(events[0].message_id == sent[0].message_id);
  CHECK(events[0].attempt == 1);
  CHECK(events[0].status == 200);
  CHECK(events[0].state == DeliveryState::delivered);
  CHECK(bench.engine->take_events(10).empty());
}

TEST_CASE("an engine with nothing to do is idle at once") {
  Bench bench(always(200));
  CHECK(bench.run().attempts == 0);
  CHECK(bench.receiver->requests().empty());
}

TEST_CASE("one run delivers all that was due to one endpoint, each once, however busy it is") {
  // What its endpoint has no room for is put back for a moment later, which has to come.
  const SystemClock real;
  Bench bench(always(200), {.max_in_flight = 32, .max_in_flight_per_endpoint = 4}, &real);
  bench.send(500);
  CHECK(bench.run().delivered == 500);
  std::set<std::string> ids;
  for (const auto& request : bench.receiver->requests())
    ids.insert(header_of(request, "webhook-id"));
  CHECK(ids.size() == 500);
  CHECK(bench.receiver->requests().size() == 500);
}

TEST_CASE("what only lacked room is work for the next session as well") {
  const SystemClock real;
  Bench bench(always(200), {.max_in_flight = 32, .max_in_flight_per_endpoint = 4}, &real);
  bench.send(2000);
  REQUIRE(bench.engine->start().ok());
  bench.receiver->wait_for_requests(1);
  bench.engine->stop(0s);
  bench.run();
  CHECK(bench.counts().delivered == 2000);
}

TEST_CASE("a failed delivery is tried again at its time and not before, then dies, then replays") {
  Bench bench(always(500));
  const auto sent = bench.send(1);
  CHECK(bench.run().failed_attempts == 1);
  bench.clock.advance(5s - 1ms);
  CHECK(bench.run().attempts == 0);
  bench.clock.advance(1ms);
  CHECK(bench.run().failed_attempts == 1);
  bench.clock.advance(5min);
  const RunCounts last = bench.run();
  CHECK(last.failed_attempts == 1);
  CHECK(last.dead == 1);
  CHECK(bench.counts().dead == 1);

  bench.receiver->answer_all(200);
  REQUIRE(bench.store->replay(sent[0].deliveries.at(0), false, bench.clock.now()).ok());
  CHECK(bench.run().delivered == 1);
  const auto log = bench.store->list_attempts(sent[0].deliveries.at(0));
  REQUIRE(log.ok());
  REQUIRE(log->size() == 4);
  CHECK((*log)[3].number == 4);
  CHECK((*log)[3].trigger == "replay");
  std::set<std::string> ids;
  for (const auto& request : bench.receiver->requests())
    ids.insert(header_of(request, "webhook-id"));
  CHECK(ids == std::set<std::string>{sent[0].message_id});
}

TEST_CASE("a 410 disables the endpoint, and its other deliveries wait") {
  Bench bench(always(410), {.max_in_flight_per_endpoint = 1});
  bench.send(3);
  bench.run();
  CHECK(bench.receiver->requests().size() == 1);
  CHECK((*bench.store->get_endpoint("ep_1"))->state == EndpointState::disabled);
  CHECK(bench.counts().dead == 1);
  CHECK(bench.counts().pending == 2);
}

TEST_CASE("idle means that nothing becomes due within the wait") {
  Bench bench(always(500));
  bench.send(1);
  bench.run(4s);
  const auto waiting = bench.engine->run_until_idle(6s, 50ms);
  REQUIRE(waiting.ok());
  CHECK_FALSE(waiting->idle);
  CHECK(bench.engine->running());  // So that the next slice goes on.
  bench.clock.advance(5s);
  const auto done = bench.engine->run_until_idle(6s, kLong);
  REQUIRE(done.ok());
  CHECK(done->idle);
  CHECK(done->counts.attempts == 1);
  CHECK_FALSE(bench.engine->running());
}

TEST_CASE("slices of a run add up: an attempt between two of them is counted") {
  Bench bench(never());
  bench.send(1);
  const auto first = bench.engine->run_until_idle(0s, 0s);
  REQUIRE(first.ok());
  CHECK_FALSE(first->idle);
  bench.receiver->wait_for_requests(1);
  bench.receiver->answer_all(200);
  CHECK(first->counts.attempts + bench.run().attempts == 1);
}

TEST_CASE("a started engine delivers what is enqueued, and stays when a run is idle") {
  Bench bench(always(200));
  REQUIRE(bench.engine->start().ok());
  REQUIRE(bench.engine->start().ok());
  bench.send(1);
  bench.receiver->wait_for_requests(1);
  bench.run();
  CHECK(bench.engine->running());
  bench.engine->stop(0s);
  CHECK_FALSE(bench.engine->running());
  bench.engine->stop(0s);
  CHECK(bench.counts().delivered == 1);
}

TEST_CASE("runs of several threads end idle, and each attempt is counted by one of them") {
  Bench bench(always(200));
  std::atomic<std::int64_t> delivered = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        const auto sent = bench.engine->enqueue({make_message()});
        const auto result = bench.engine->run_until_idle(0s, kLong);
        if (sent.front().ok() && result.ok()) delivered += result->counts.delivered;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  delivered += bench.run().delivered;
  CHECK(bench.counts().delivered == 200);
  CHECK(delivered == 200);
  CHECK_FALSE(bench.engine->running());
}

TEST_CASE("the end of a run leaves what was started by hand meanwhile") {
  Bench bench(always(200));
  REQUIRE(bench.engine->begin_run().ok());
  REQUIRE(bench.engine->start().ok());
  bench.engine->end_run(0s);
  CHECK(bench.engine->running());
}

TEST_CASE("the last of several runs ends the delivering, and no other") {
  Bench bench(always(200));
  REQUIRE(bench.engine->begin_run().ok());
  REQUIRE(bench.engine->begin_run().ok());
  bench.run();
  bench.engine->end_run(0s);
  CHECK(bench.engine->running());
  bench.engine->end_run(0s);
  CHECK_FALSE(bench.engine->running());
}

TEST_CASE("a run that is given up lets what is under way finish") {
  Bench bench(never());
  REQUIRE(bench.engine->begin_run().ok());
  bench.send(2);
  bench.receiver->wait_for_requests(2);
  std::thread ending([&] { bench.engine->end_run(kLong); });
  bench.receiver->answer_all(200);
  ending.join();
  CHECK(bench.receiver->cancelled() == 0);
  CHECK(bench.counts().delivered == 2);
  CHECK_FALSE(bench.engine->running());
}

TEST_CASE("stopping puts back what is under way, uncounted, and the next start sends it again") {
  Bench bench(never());
  REQUIRE(bench.engine->start().ok());
  const auto sent = bench.send(3);
  bench.receiver->wait_for_requests(3);
  bench.engine->stop(0s);
  CHECK(bench.receiver->cancelled() == 3);
  CHECK(bench.counts().pending == 3);
  CHECK((*bench.store->get_delivery(sent[0].deliveries.at(0)))->attempts == 0);

  bench.receiver->answer_all(200);
  CHECK(bench.run().delivered == 3);
}

TEST_CASE("a drain lets what is under way finish") {
  Bench bench(never());
  REQUIRE(bench.engine->start().ok());
  bench.send(2);
  bench.receiver->wait_for_requests(2);
  std::thread stopping([&] { bench.engine->stop(kLong); });
  bench.receiver->answer_all(200);
  stopping.join();
  CHECK(bench.receiver->cancelled() == 0);
  CHECK(bench.counts().delivered == 2);
}

TEST_CASE("a drain starts nothing new: what waited for its endpoint goes back") {
  Bench bench(never(), {.max_in_flight_per_endpoint = 1});
  REQUIRE(bench.engine->start().ok());
  bench.send(3);
  bench.receiver->wait_for_requests(1);
  std::thread stopping([&] { bench.engine->stop(kLong); });
  const auto give_up = std::chrono::steady_clock::now() + kLong;
  while (bench.counts().pending < 2 && std::chrono::steady_clock::now() < give_up) {
    std::this_thread::yield();
  }
  CHECK(bench.counts().pending == 2);
  bench.receiver->answer_all(200);
  stopping.join();
  CHECK(bench.receiver->requests().size() == 1);
  CHECK(bench.counts().delivered == 1);
  CHECK(bench.counts().pending == 2);
}

TEST_CASE("what is claimed while the loop is ending goes back") {
  Bench bench(always(200));
  bench.store->shut_gate();
  REQUIRE(bench.engine->start().ok());
  bench.send(2);
  bench.store->wait_for_claim_at_gate();
  std::thread stopping([&] { bench.engine->stop(0s); });
  bench.receiver->wait_until_dropped();
  bench.store->open_gate();
  stopping.join();
  CHECK(bench.receiver->requests().empty());
  CHECK(bench.counts().in_flight == 0);
  CHECK(bench.counts().pending == 2);
}

TEST_CASE("a second, shorter stop ends a long drain") {
  Bench bench(never());
  REQUIRE(bench.engine->start().ok());
  bench.send(1);
  bench.receiver->wait_for_requests(1);
  std::thread patient([&] { bench.engine->stop(kLong); });
  bench.engine->stop(0s);
  patient.join();
  CHECK(bench.counts().pending == 1);
}

TEST_CASE("an engine may be destroyed in the middle of its work") {
  Bench bench(never());
  REQUIRE(bench.engine->start().ok());
  bench.send(4);
  bench.receiver->wait_for_requests(4);
  bench.engine.reset();
  CHECK(bench.counts().pending == 4);
}

TEST_CASE("while the store fails nothing is lost and nothing spins") {
  Bench bench(never());
  REQUIRE(bench.engine->start().ok());
  bench.send(2);
  bench.receiver->wait_for_requests(2);
  bench.store->fail_with(ErrorCode::store_full);
  bench.receiver->answer_all(200);
  const auto failing = bench.engine->run_until_idle(0s, 400ms);
  REQUIRE_FALSE(failing.ok());
  CHECK(failing.error().code == ErrorCode::store_full);
  CHECK(bench.store->records() < 15);  // Pauses of 50, 100, 200 ms between them.
  const int claims = bench.store->claims();
  CHECK(bench.counts().in_flight == 2);

  bench.store->fail_with(std::nullopt);
  bench.run();
  CHECK(bench.counts().delivered == 2);
  CHECK(bench.receiver->requests().size() == 2);
  CHECK(bench.store->claims() > claims);
}

TEST_CASE("a stop while the store fails returns in time") {
  Bench bench(never());
  REQUIRE(bench.engine->start().ok());
  bench.send(1);
  bench.receiver->wait_for_requests(1);
  bench.store->fail_with(ErrorCode::store_busy);
  const auto before = std::chrono::steady_clock::now();
  bench.engine->stop(0s);
  CHECK(std::chrono::steady_clock::now() - before < 1s);
  CHECK(bench.counts().in_flight == 1);  // Its lease will free it.
}

TEST_CASE("an attempt whose lease was lost is told and changes nothing") {
  Bench bench(never());
  REQUIRE(bench.engine->start().ok());
  bench.send(1);
  bench.receiver->wait_for_requests(1);
  // The clock runs past the lease; another worker sweeps and takes the row over.
  bench.clock.advance(7min);
  REQUIRE(bench.store->reap_deliveries(bench.clock.now()).ok());
  const auto theirs = bench.store->claim_due(bench.clock.now(), 10, 6min);
  REQUIRE(theirs.ok());
  bench.receiver->answer_all(500);
  bench.run();
  const auto events = bench.engine->take_events(10);
  if (theirs->size() == 1) {  // Our own writer may have been faster with the sweep.
    REQUIRE(events.size() == 1);
    CHECK_FALSE(events[0].recorded);
    CHECK(bench.counts().in_flight == 1);
  }
}

TEST_CASE("a transport that cannot be made is the error of start()") {
  SystemRandom random;
  ManualClock clock{kStart};
  Engine engine(
      make_memory_store(random),
      []() -> Result<std::unique_ptr<Transport>> {
        return Error{ErrorCode::config, "no CA file"};
      },
      {}, clock, random);
  const auto started = engine.start();
  REQUIRE_FALSE(started.ok());
  CHECK(started.error().detail == "no CA file");
  CHECK_FALSE(engine.running());
  CHECK_FALSE(engine.run_until_idle(0s, kLong).ok());
}

TEST_CASE("unread events are bounded") {
  EventLog log;
  for (int i = 0; i < 10'050; ++i) {
    AttemptEvent event;
    event.delivery = i;
    log.add(std::move(event));
  }
  CHECK(log.dropped() == 50);
  CHECK(log.take(1).at(0).delivery == 50);
  CHECK(log.take(100'000).size() == 9'999);
}

TEST_CASE("messages enqueued from many threads while it delivers are all delivered") {
  const SystemClock real;
  Bench bench(always(200), {}, &real);
  REQUIRE(bench.engine->start().ok());
  std::vector<std::thread> senders;
  for (int i = 0; i < 4; ++i) {
    senders.emplace_back([&] {
      for (int n = 0; n < 20; ++n) bench.engine->enqueue({make_message()});
    });
  }
  for (std::thread& sender : senders) sender.join();
  bench.run();
  CHECK(bench.counts().delivered == 80);
  CHECK(bench.receiver->requests().size() == 80);
}

TEST_CASE("while another process leads nothing is claimed, and its end is noticed") {
  Bench bench(always(200));
  bench.store->let_lead(false);
  bench.send(3);
  REQUIRE(bench.engine->start().ok());
  while (bench.engine->role() == EngineRole::starting) std::this_thread::yield();
  CHECK(bench.engine->role() == EngineRole::standby);
  const auto waiting = bench.engine->run_until_idle(0s, 50ms);
  REQUIRE(waiting.ok());
  CHECK_FALSE(waiting->idle);
  CHECK(bench.store->claims() == 0);
  CHECK(bench.receiver->requests().empty());

  bench.store->let_lead(true);
  CHECK(bench.run().delivered == 3);
  CHECK(bench.engine->role() == EngineRole::leading);
  bench.engine->stop(0s);
  CHECK(bench.engine->role() == EngineRole::stopped);
  CHECK(bench.store->stopped_leading() == 1);
}

TEST_CASE("who lacks a key of the store steps back at once, and says so") {
  Bench bench(always(200));
  bench.send(1);
  bench.store->seal_away("ep_1");
  REQUIRE(bench.engine->start().ok());
  wait_for_problem(*bench.engine);
  const auto waiting = bench.engine->run_until_idle(0s, 50ms);
  REQUIRE(waiting.ok());
  CHECK_FALSE(waiting->idle);
  CHECK(bench.store->claims() == 0);
  CHECK(bench.store->list_operational_events({.type = "store.key_missing"})->size() == 1);

  bench.store->seal_away(std::nullopt);
  bench.clock.advance(1s);
  CHECK(bench.run().delivered == 1);
}

TEST_CASE("where nobody else leads, what can be read is delivered, and the rest is told of") {
  Bench bench(always(200));
  REQUIRE(bench.store->create_endpoint(make_endpoint("ep_2")).ok());
  bench.send(1);
  bench.store->seal_away("ep_2");
  REQUIRE(bench.engine->start().ok());
  wait_for_problem(*bench.engine);
  bench.clock.advance(1s);
  const auto left = bench.engine->run_until_idle(0s, kLong);
  REQUIRE_FALSE(left.ok());
  CHECK(left.error().code == ErrorCode::wrong_store_key);
  CHECK(bench.engine->take_counts().delivered == 1);
  CHECK(bench.engine->take_counts().attempts == 0);
  CHECK(bench.counts().delivered == 1);
  CHECK(bench.counts().pending == 1);
}

TEST_CASE("a standby is idle when the other process has left nothing") {
  Bench bench(always(200));
  bench.send(1);
  const auto theirs = bench.store->claim_due(kStart, 1, 60s);
  REQUIRE(theirs->size() == 1);
  bench.store->let_lead(false);
  const auto while_in_flight = bench.engine->run_until_idle(0s, 50ms);
  REQUIRE(while_in_flight.ok());
  CHECK_FALSE(while_in_flight->idle);
  AttemptRecord made;
  made.delivery = theirs->front().key;
  made.token = theirs->front().token;
  REQUIRE(bench.store->record_attempts({&made, 1}, kStart).front().ok());
  CHECK(bench.run().attempts == 0);
}

TEST_CASE("a fork in the middle of work leaves the parent as it was and the child free to start") {
  Bench bench(never());
  REQUIRE(bench.engine->start().ok());
  bench.send(3);
  bench.receiver->wait_for_requests(3);
  for (int i = 0; i < 5; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      const bool forgot = !bench.engine->running();
      bench.engine->stop(0s);
      _exit(forgot ? 0 : 1);
    }
    REQUIRE(child > 0);
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
  }
  CHECK(bench.engine->running());
  bench.receiver->answer_all(200);
  bench.run();
  CHECK(bench.counts().delivered == 3);
}

#ifndef __SANITIZE_THREAD__  // TSan allows no new thread after a fork of a threaded process.
TEST_CASE("a child starts an engine of its own after a fork") {
  Bench bench(always(200));
  REQUIRE(bench.engine->start().ok());
  bench.run();  // The threads stand at their waits, outside the store.
  const pid_t child = fork();
  if (child == 0) {
    // The store is a copy; the receiver's condition variable may remember a waiter
    // that this process does not have.
    bench.receiver = std::make_shared<FakeReceiver>(always(200));
    bench.engine->enqueue({make_message()});
    const auto result = bench.engine->run_until_idle(0s, kLong);
    _exit(result.ok() && result->idle && result->counts.delivered == 1 ? 0 : 1);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  bench.engine->stop(0s);
}
#endif

TEST_CASE("a rotated secret signs until its expiry and not a moment longer") {
  Bench bench(always(200));
  Endpoint row = **bench.store->get_endpoint("ep_1");
  row.secrets.push_back(
      {.text = Secret(kOlderSecret), .created_at = kStart, .expires_at = kStart + 24h});
  REQUIRE(bench.store->update_endpoint(row, kStart).ok());
  REQUIRE(bench.engine->start().ok());
  const auto signatures_after = [&](Duration wait) {
    bench.clock.advance(wait);
    bench.send(1);
    bench.run();
    const std::string header = header_of(bench.receiver->requests().back(), "webhook-signature");
    return 1 + std::count(header.begin(), header.end(), ' ');
  };
  CHECK(signatures_after(0ms) == 2);
  CHECK(signatures_after(24h - 1ms) == 2);
  CHECK(signatures_after(1ms) == 1);
}
