// Names: resolved off the loop, pinned, and never allowed to hold the loop up.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "catch.h"
#include "support/loopback_server.h"
#include "support/transport_harness.h"
#include "webhookcore/transport/curl_handles.h"
#include "webhookcore/transport/wake_box.h"

using namespace webhookcore;        // NOLINT(google-build-using-namespace)
using namespace webhookcore::test;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

namespace {

std::string at(const std::string& host, const LoopbackServer& server) {
  return "http://" + host + ":" + std::to_string(server.port()) + "/hook";
}

Resolution answer(const std::string& address) { return {{parse_ip(address).value()}, {}}; }

// A lookup that blocks for the names it is told to, until it is let go.
class Gate : public std::enable_shared_from_this<Gate> {
 public:
  Lookup lookup() {
    // A thread that is stuck in here may outlive the test.
    return [self = shared_from_this()](const std::string& host) {
      ++self->asked;
      std::unique_lock lock{self->mutex_};
      if (host.starts_with("black")) self->open_.wait(lock, [&] { return self->is_open_; });
      if (host.starts_with("fail")) return Resolution{{}, "no such name"};
      return answer("127.0.0.1");
    };
  }
  void open() {
    const std::scoped_lock lock{mutex_};
    is_open_ = true;
    open_.notify_all();
  }

  std::atomic<int> asked = 0;

 private:
  std::mutex mutex_;
  std::condition_variable open_;
  bool is_open_ = false;
};

// Collects answers that come from other threads, be it after its own end.
class Answers {
 public:
  std::function<void(Resolution)> sink() const {
    return [kept = kept_](Resolution resolution) {
      const std::scoped_lock lock{kept->mutex};
      kept->got.push_back(std::move(resolution));
      kept->changed.notify_all();
    };
  }
  std::vector<Resolution> wait_for(std::size_t count) {
    std::unique_lock lock{kept_->mutex};
    kept_->changed.wait_for(lock, 10s, [&] { return kept_->got.size() >= count; });
    return kept_->got;
  }

 private:
  struct Kept {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<Resolution> got;
  };
  std::shared_ptr<Kept> kept_ = std::make_shared<Kept>();
};

}  // namespace

TEST_CASE("a name is dialled at the address that the resolver gave") {
  LoopbackServer server{answer_all(ok_response), "127.0.0.3"};
  auto resolver = std::make_shared<TableResolver>();
  resolver->set("hooks.example", {{"127.0.0.3"}});
  auto transport = make_transport(loopback_options(), resolver);
  const auto result = run(*transport, attempt_to(at("Hooks.Example.", server)));
  CHECK(result.status == 200);
  CHECK(result.dialled_address == "127.0.0.3:" + std::to_string(server.port()));
  CHECK(result.phases.dns.has_value());
}

TEST_CASE("each transfer is pinned to its own answer") {
  LoopbackServer first{
      answer_all("HTTP/1.1 201 First\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
      "127.0.0.3"};
  LoopbackServer second{answer_all(ok_response), "127.0.0.4", first.port()};
  auto resolver = std::make_shared<TableResolver>();
  resolver->set("moving.example", {{"127.0.0.3"}, {"127.0.0.4"}});
  auto transport = make_transport(loopback_options(), resolver);
  CHECK(run(*transport, attempt_to(at("moving.example", first))).status == 201);
  CHECK(run(*transport, attempt_to(at("moving.example", first))).status == 200);
  CHECK(second.accepts() == 1);
}

TEST_CASE("the next address is tried when the first does not answer") {
  LoopbackServer server{answer_all(ok_response), "127.0.0.3"};
  auto resolver = std::make_shared<TableResolver>();
  resolver->set("two.example", {{"127.0.0.9", "127.0.0.3"}});
  auto transport = make_transport(loopback_options(), resolver);
  CHECK(run(*transport, attempt_to(at("two.example", server))).status == 200);
}

TEST_CASE("a name without an address is a dns error") {
  auto resolver = std::make_shared<TableResolver>();
  resolver->set("empty.example", {{}});
  auto transport = make_transport(loopback_options(), resolver);
  const auto result = run(*transport, attempt_to("http://empty.example/"));
  CHECK(result.error == TransportError::dns);
  CHECK(result.error_text == "the name has no address");
}

TEST_CASE("a black-holed name ends at its deadline and delays nobody") {
  LoopbackServer server{answer_all(ok_response)};
  auto transport = make_transport(loopback_options(), std::make_shared<TableResolver>());
  for (TransferId id = 1; id <= 64; ++id) {
    auto attempt = attempt_to("http://black-" + std::to_string(id) + ".example/");
    attempt.timeout = 400ms;
    transport->start(id, std::move(attempt));
  }
  transport->start(100, attempt_to(server.url()));
  for (const auto& result : await(*transport, 65)) {
    if (result.id == 100) {
      CHECK(result.status == 200);
      CHECK(result.duration < busy_slack);
    } else {
      CHECK(result.error == TransportError::dns);
      CHECK(result.duration >= 400ms - timer_grain);
      CHECK(result.duration < 400ms + busy_slack);
    }
  }
}

TEST_CASE("time spent on the name is taken from the whole attempt") {
  LoopbackServer silent{[](Connection& connection) { connection.wait_until_closed(); }};
  auto resolver = std::make_shared<TableResolver>();
  auto transport = make_transport(loopback_options(), resolver);
  auto attempt = attempt_to(at("slow.example", silent));
  attempt.timeout = 500ms;
  transport->start(1, std::move(attempt));
  CHECK(transport->poll(300ms).empty());
  for (auto& done : resolver->take_unanswered()) done(answer("127.0.0.1"));
  const auto result = await(*transport, 1).front();
  CHECK(result.error == TransportError::timeout);
  CHECK(*result.phases.dns >= 300ms - timer_grain);
  CHECK(result.duration < 500ms + busy_slack);
}

TEST_CASE("an answer that comes too late is harmless") {
  LoopbackServer server{answer_all(ok_response)};
  auto resolver = std::make_shared<TableResolver>();
  auto transport = make_transport(loopback_options(), resolver);
  auto attempt = attempt_to(at("late.example", server));
  attempt.timeout = 20ms;
  CHECK(run(*transport, std::move(attempt)).error == TransportError::dns);
  const auto late = resolver->take_unanswered();
  for (const auto& done : late) done(answer("127.0.0.1"));
  CHECK(transport->poll(20ms).empty());

  transport->start(2, attempt_to(at("later.example", server)));
  transport.reset();
  for (const auto& done : resolver->take_unanswered()) done(answer("127.0.0.1"));
  CHECK(server.accepts() == 0);
}

TEST_CASE("a closed wake box takes nothing, for its loop may be gone") {
  REQUIRE(start_curl());
  const MultiHandle multi{curl_multi_init()};
  WakeBox box{multi.get()};
  box.answer(1, answer("127.0.0.1"));
  CHECK(box.take_answers().size() == 1);
  box.close();
  box.answer(2, answer("127.0.0.1"));
  box.wake();
  CHECK(box.take_answers().empty());
  CHECK_FALSE(box.take_wake());
}

TEST_CASE("an answer that comes twice starts one request") {
  LoopbackServer server{answer_all(ok_response)};
  auto resolver = std::make_shared<TableResolver>();
  auto transport = make_transport(loopback_options(), resolver);
  transport->start(1, attempt_to(at("twice.example", server)));
  for (const auto& done : resolver->take_unanswered()) {
    done(answer("127.0.0.1"));
    done(answer("127.0.0.1"));
  }
  CHECK(await(*transport, 1).front().status == 200);
  CHECK(transport->poll(20ms).empty());
  CHECK(server.accepts() == 1);
}

TEST_CASE("a transport goes at once while names hang in the system's resolver") {
  auto gate = std::make_shared<Gate>();
  auto resolver = make_system_resolver({}, gate->lookup());
  auto transport = make_transport(loopback_options(), resolver);
  transport->start(1, attempt_to("http://black.example/"));
  CHECK(transport->poll(20ms).empty());
  const auto before = Steady::now();
  transport.reset();
  resolver.reset();
  CHECK(Steady::now() - before < 1s);
  gate->open();
}

TEST_CASE("a name that many wait for is asked for once") {
  auto gate = std::make_shared<Gate>();
  const auto resolver = make_system_resolver({}, gate->lookup());
  Answers answers;
  for (int i = 0; i < 10; ++i) resolver->resolve("black.example", answers.sink());
  gate->open();
  CHECK(answers.wait_for(10).size() == 10);
  CHECK(gate->asked == 1);
  resolver->resolve("black.example", answers.sink());
  CHECK(answers.wait_for(11).size() == 11);
  CHECK(gate->asked == 1);  // Remembered for a while.
}

TEST_CASE("a failure is remembered for a while, and then asked for again") {
  auto gate = std::make_shared<Gate>();
  const auto resolver = make_system_resolver({.remember_failure = 30ms}, gate->lookup());
  Answers answers;
  resolver->resolve("fail.example", answers.sink());
  CHECK(answers.wait_for(1).front().error == "no such name");
  resolver->resolve("fail.example", answers.sink());
  CHECK(answers.wait_for(2).size() == 2);
  CHECK(gate->asked == 1);
  const auto until = Steady::now() + 5s;
  while (gate->asked == 1 && Steady::now() < until) {
    resolver->resolve("fail.example", answers.sink());
    std::this_thread::yield();
  }
  CHECK(gate->asked == 2);
}

TEST_CASE("names that were slow before leave threads to the others") {
  // Every name fails the first time, and the black ones hang from then on.
  auto stuck = std::make_shared<Gate>();
  const auto resolver = make_system_resolver(
      {.threads = 4, .remember_answer = 0ms, .remember_failure = 0ms},
      [stuck, asked = std::make_shared<std::atomic<int>>(0)](const std::string& host) {
        if (host.starts_with("black") && (*asked)++ < 8) return Resolution{{}, "not yet"};
        return stuck->lookup()(host);
      });
  Answers warm;
  for (int i = 0; i < 8; ++i) {
    resolver->resolve("black-" + std::to_string(i) + ".example", warm.sink());
  }
  CHECK(warm.wait_for(8).size() == 8);
  Answers hanging;
  for (int i = 0; i < 8; ++i) {
    resolver->resolve("black-" + std::to_string(i) + ".example", hanging.sink());
  }
  const auto until = Steady::now() + 10s;
  while (stuck->asked < 2 && Steady::now() < until) std::this_thread::yield();
  // One after the other, so that every thread that could take a slow name has done so.
  for (int i = 0; i < 8; ++i) {
    Answers healthy;
    resolver->resolve("healthy-" + std::to_string(i) + ".example", healthy.sink());
    REQUIRE(healthy.wait_for(1).size() == 1);
  }
  CHECK(hanging.wait_for(0).empty());
  stuck->open();
  CHECK(hanging.wait_for(8).size() == 8);
}

TEST_CASE("waiting names are bounded") {
  auto gate = std::make_shared<Gate>();
  const auto resolver = make_system_resolver({.threads = 1, .max_waiting = 2}, gate->lookup());
  Answers answers;
  for (int i = 0; i < 10; ++i) {
    resolver->resolve("black-" + std::to_string(i) + ".example", answers.sink());
  }
  const auto refused = answers.wait_for(7);
  CHECK(refused.size() >= 7);
  CHECK(refused.front().error == "too many names are waiting to be resolved");
  gate->open();
  CHECK(answers.wait_for(10).size() == 10);
}

TEST_CASE("the system's resolver knows addresses and this host") {
  CHECK_FALSE(look_up_by_system("127.0.0.1").addresses.empty());
  // A label of more than 63 bytes: refused without asking the network.
  const auto unknown = look_up_by_system(std::string(70, 'a') + ".example");
  CHECK(unknown.addresses.empty());
  CHECK_FALSE(unknown.error.empty());
}
