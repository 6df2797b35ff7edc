#include <atomic>
#include <thread>
#include <vector>

#include "catch.h"
#include "store/conformance.h"
#include "store/sample_rows.h"

namespace webhookcore::conformance {

using namespace samples;
using Kind = ClaimResult::Kind;

namespace {

void check_one_winner_of_eight_threads(Store& store) {
  for (int round = 0; round < 50; ++round) {
    const std::string event = "evt_" + std::to_string(round);
    std::atomic<int> winners = 0;
    std::atomic<int> others = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        const auto claim = store.claim({"stripe", event}, kNow, 60s);
        if (claim && claim.value().kind == Kind::won) ++winners;
        if (claim && claim.value().kind == Kind::running) ++others;
      });
    }
    for (std::thread& thread : threads) thread.join();
    REQUIRE(winners == 1);
    REQUIRE(others == 7);
  }
}

}  // namespace

void check_idempotency(const MakeStore& make) {
  const auto store = make();
  const ClaimKey key{"stripe", "evt_1"};

  SECTION("a new key is won, and a second claim sees it running") {
    const auto first = store->claim(key, kNow, 60s);
    REQUIRE(first);
    CHECK(first->kind == Kind::won);
    CHECK(first->token.value.size() == 16);
    const auto second = store->claim(key, kNow + 59s, 60s);
    REQUIRE(second);
    CHECK(second->kind == Kind::running);
    CHECK(second->lease_expires_at == kNow + 60s);
    CHECK(second->token.value.empty());
  }
  SECTION("sources and keys do not mix") {
    REQUIRE(store->claim(key, kNow, 60s)->kind == Kind::won);
    CHECK(store->claim({"github", "evt_1"}, kNow, 60s)->kind == Kind::won);
    CHECK(store->claim({"stripe", "evt_2"}, kNow, 60s)->kind == Kind::won);
    CHECK(store->claim({"stripe", std::string_view("evt_1\0", 6)}, kNow, 60s)->kind == Kind::won);
    CHECK(store->claim({"stripe", "EVT_1"}, kNow, 60s)->kind == Kind::won);
    CHECK(store->claim({"stripe", ""}, kNow, 60s)->kind == Kind::won);
    CHECK(store->claim({"stripe", ""}, kNow, 60s)->kind == Kind::running);
  }
  SECTION("a completed key gives back what was kept, byte for byte") {
    const auto claim = store->claim(key, kNow, 60s);
    const std::string kept("{\"n\":\"\xc3\xa9\"}");
    REQUIRE(store->complete(key, claim->token, kept, kNow + 1s, 24h));
    const auto again = store->claim(key, kNow + 23h, 60s);
    REQUIRE(again);
    CHECK(again->kind == Kind::completed);
    CHECK(again->kept_result == kept);
  }
  SECTION("a completed key is new when its time to live is over") {
    const auto claim = store->claim(key, kNow, 60s);
    REQUIRE(store->complete(key, claim->token, "1", kNow, 24h));
    CHECK(store->claim(key, kNow + 24h - 1ms, 60s)->kind == Kind::completed);
    CHECK(store->claim(key, kNow + 24h, 60s)->kind == Kind::won);
  }
  SECTION("a released key is as if never seen") {
    const auto claim = store->claim(key, kNow, 60s);
    REQUIRE(store->release(key, claim->token));
    CHECK(store->claim(key, kNow, 60s)->kind == Kind::won);
  }
  SECTION("a lease that ran out frees the key, and the late holder is fenced off") {
    const auto late = store->claim(key, kNow, 60s);
    const auto next = store->claim(key, kNow + 60s, 60s);
    REQUIRE(next->kind == Kind::won);
    CHECK(next->token.value != late->token.value);
    CHECK(store->complete(key, late->token, "late", kNow + 61s, 24h).error().code ==
          ErrorCode::lease_lost);
    CHECK(store->release(key, late->token).error().code == ErrorCode::lease_lost);
    CHECK(store->claim(key, kNow + 61s, 60s)->kind == Kind::running);
    REQUIRE(store->complete(key, next->token, "next", kNow + 62s, 24h));
    CHECK(store->claim(key, kNow + 63s, 60s)->kept_result == "next");
  }
  SECTION("a slow holder whose key nobody took may still complete it") {
    const auto claim = store->claim(key, kNow, 60s);
    CHECK(store->complete(key, claim->token, "slow", kNow + 90s, 24h));
  }
  SECTION("a completed key can be neither completed again nor released") {
    const auto claim = store->claim(key, kNow, 60s);
    REQUIRE(store->complete(key, claim->token, "1", kNow, 24h));
    CHECK(store->complete(key, claim->token, "2", kNow, 24h).error().code == ErrorCode::lease_lost);
    CHECK(store->release(key, claim->token).error().code == ErrorCode::lease_lost);
    CHECK(store->complete(key, LeaseToken{}, "2", kNow, 24h).error().code == ErrorCode::lease_lost);
    CHECK(store->claim(key, kNow, 60s)->kept_result == "1");
  }
  SECTION("an unknown key cannot be completed") {
    CHECK(store->complete(key, LeaseToken{"x"}, "1", kNow, 24h).error().code ==
          ErrorCode::lease_lost);
  }
  SECTION("among eight threads exactly one wins, every time") {
    check_one_winner_of_eight_threads(*store);
  }
  SECTION("pruning deletes expired keys alone, a few at a time") {
    for (int i = 0; i < 5; ++i) {
      const std::string event = "old_" + std::to_string(i);
      const auto claim = store->claim({"stripe", event}, kNow, 60s);
      REQUIRE(store->complete({"stripe", event}, claim->token, "1", kNow, 1h));
    }
    REQUIRE(store->claim({"stripe", "held"}, kNow + 1h, 60s)->kind == Kind::won);
    CHECK(*store->prune_keys(kNow + 30min, 100) == 0);
    CHECK(*store->prune_keys(kNow + 1h, 3) == 3);
    CHECK(*store->prune_keys(kNow + 1h, 100) == 2);
    CHECK(*store->prune_keys(kNow + 1h, 100) == 0);
    CHECK(store->claim({"stripe", "held"}, kNow + 1h, 60s)->kind == Kind::running);
  }
}

}  // namespace webhookcore::conformance
