#include "webhookcore/engine/attempt_once.h"

#include "catch.h"
#include "engine/engine_tools.h"
#include "engine/fake_transport.h"

using namespace webhookcore;
using namespace webhookcore::testing;

namespace {

struct Bench {
  ManualClock clock{kStart};
  std::shared_ptr<FakeReceiver> receiver;

  explicit Bench(FakeReceiver::Script script)
      : receiver(std::make_shared<FakeReceiver>(std::move(script))) {}

  Result<Attempt> attempt(Endpoint row, const std::function<bool()>& should_end = {}) {
    return attempt_once(
        [this]() -> Result<std::unique_ptr<Transport>> {
          return std::unique_ptr<Transport>(std::make_unique<FakeTransport>(receiver));
        },
        std::move(row), make_delivery(1, nullptr).claimed.message, clock, should_end);
  }
};

}  // namespace

TEST_CASE("a single attempt is signed and says what came of it") {
  Bench bench([](const HttpAttempt&) { return answer(0, 500); });
  const auto attempt = bench.attempt(make_endpoint());
  REQUIRE(attempt.ok());
  CHECK(attempt->number == 1);
  CHECK(attempt->status == 500);
  CHECK(attempt->outcome == Outcome::transient);
  CHECK(attempt->trigger == "test");
  CHECK(attempt->started_at == kStart);
  CHECK(attempt->url == "https://example.com/hook");
  const auto requests = bench.receiver->requests();
  REQUIRE(requests.size() == 1);
  CHECK_FALSE(header_of(requests[0], "webhook-signature").empty());
}

TEST_CASE("a single attempt is made whatever the endpoint's state is") {
  Bench bench([](const HttpAttempt&) { return answer(0, 200); });
  Endpoint row = make_endpoint();
  row.state = EndpointState::disabled;
  CHECK(bench.attempt(row)->outcome == Outcome::delivered);
}

TEST_CASE("what cannot be signed is not sent, and the attempt says why") {
  Bench bench([](const HttpAttempt&) { return answer(0, 200); });
  Endpoint row = make_endpoint();
  row.schemes = {"no-such-scheme"};
  const auto attempt = bench.attempt(row);
  REQUIRE(attempt.ok());
  CHECK(attempt->error == TransportError::not_signed);
  CHECK(attempt->error_text == "no scheme of the name no-such-scheme");
  CHECK(bench.receiver->requests().empty());
}

TEST_CASE("a single attempt to a silent endpoint ends as soon as it is no longer wanted") {
  Bench bench([](const HttpAttempt&) { return std::nullopt; });
  Endpoint row = make_endpoint();
  row.timeout = 300s;
  const auto attempt = bench.attempt(row, [&] { return !bench.receiver->requests().empty(); });
  REQUIRE(attempt.ok());
  CHECK(attempt->error == TransportError::cancelled);
  CHECK(bench.receiver->cancelled() == 1);
}

TEST_CASE("without a transport there is no attempt") {
  const ManualClock clock{kStart};
  const auto attempt = attempt_once(
      []() -> Result<std::unique_ptr<Transport>> {
        return Error{ErrorCode::config, "no such file", "ca_file"};
      },
      make_endpoint(), make_delivery(1, nullptr).claimed.message, clock);
  CHECK(attempt.error().field == "ca_file");
}
