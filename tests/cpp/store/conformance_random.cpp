// Random sends, ends, deaths of owners, replays and switches, against a plain model of what
// order means. Its numbers are drawn from a seed that a failure prints.
#include <algorithm>
#include <vector>

#include "catch.h"
#include "store/conformance.h"
#include "store/sample_rows.h"
#include "webhookcore/base/random.h"

namespace webhookcore::conformance {

using namespace samples;

namespace {

class Play {
 public:
  Play(Store& store, std::uint64_t seed) : store_(store), random_(seed) {
    in_line_.fifo = true;
    REQUIRE(store_.create_endpoint(in_line_));
    REQUIRE(store_.create_endpoint(endpoint("ep_2", {"free.*"})));
  }

  void step() {
    now_ += Duration{static_cast<Duration::rep>(draw(2000))};
    switch (draw(9)) {
      case 0:
      case 1:
      case 2:
        return send();
      case 3:
      case 4:
        return claim();
      case 5:
        return end();
      case 6:
        return draw(4) == 0 ? lose_owners() : end();
      case 7:
        return draw(3) == 0 ? replay() : cancel();
      default:
        return draw(12) == 0 ? switch_endpoint() : claim();
    }
  }

  // Everything there is can be brought to its end.
  void drain() {
    in_line_.state = EndpointState::enabled;
    REQUIRE(overwrite(store_, in_line_, now_));
    for (int round = 0; round < 5000; ++round) {
      now_ += 10s;
      claim();
      if (held_.empty()) break;
      while (!held_.empty()) end();
    }
    CHECK(store_.count_deliveries({})->pending == 0);
    CHECK(store_.count_deliveries({})->in_flight == 0);
  }

 private:
  std::uint64_t draw(std::uint64_t below) { return random_.draw() % below; }

  void send() {
    NewMessage sent = message("msg_" + std::to_string(++messages_), draw(2) == 0 ? "free.a" : "a");
    sent.message.priority = static_cast<Priority>(draw(kPriorities));
    if (draw(6) == 0) sent.deliver_at = now_ + Duration{static_cast<Duration::rep>(draw(5000))};
    if (draw(6) == 0)
      sent.message.expires_at = now_ + Duration{static_cast<Duration::rep>(draw(9000))};
    REQUIRE(enqueue(store_, sent, now_));
  }

  // What waits for the endpoint in order, by the rows alone.
  std::vector<Delivery> line() {
    DeliveryFilter filter;
    filter.endpoint_id = "ep_1";
    filter.limit = 100'000;
    std::vector<Delivery> waiting;
    const auto rows = store_.list_deliveries(filter);
    REQUIRE(rows);
    for (const Delivery& row : *rows) {
      const bool open =
          row.state == DeliveryState::pending || row.state == DeliveryState::in_flight;
      if (open) waiting.insert(waiting.begin(), row);  // Listed newest first.
    }
    return waiting;
  }

  void claim() {
    const auto before = line();
    const bool busy = std::any_of(before.begin(), before.end(), [](const Delivery& row) {
      return row.state == DeliveryState::in_flight;
    });
    const std::size_t limit = 1 + draw(8);
    const auto claimed = store_.claim_due(now_, limit, 60s);
    REQUIRE(claimed);
    REQUIRE(claimed->size() <= limit);
    std::size_t of_the_line = 0;
    for (const ClaimedDelivery& row : *claimed) {
      REQUIRE_FALSE((row.expires_at && *row.expires_at <= now_));
      held_.push_back(row);
      if (row.endpoint_id != "ep_1") continue;
      REQUIRE(in_line_.state == EndpointState::enabled);
      ++of_the_line;
      if (in_line_.fifo) check_is_first(row, before, busy);
    }
    if (in_line_.fifo) REQUIRE(of_the_line <= 1);
    check_ranks(*claimed);
  }

  void check_is_first(const ClaimedDelivery& row, const std::vector<Delivery>& before, bool busy) {
    REQUIRE_FALSE(busy);
    for (const Delivery& other : before) {
      if (other.key >= row.key) break;
      REQUIRE(row_of(store_, other.key).state == DeliveryState::cancelled);  // It had expired.
    }
  }

  // Of the endpoint without an order: what a row of a worse rank was claimed before. Eight
  // claims have one turn that may do so; what expired took turns too.
  void check_ranks(const std::vector<ClaimedDelivery>& claimed) {
    DeliveryFilter filter;
    filter.endpoint_id = "ep_2";
    filter.state = DeliveryState::pending;
    filter.limit = 100'000;
    int best_left = kRanks;
    const auto rows = store_.list_deliveries(filter);
    REQUIRE(rows);
    for (const Delivery& row : *rows) {
      if (*row.next_attempt_at > now_) continue;
      best_left = std::min(best_left, rank_of(row.priority, row.budget_used));
    }
    const auto overtook =
        std::count_if(claimed.begin(), claimed.end(),
                      [&](const ClaimedDelivery& row) { return row.rank > best_left; });
    REQUIRE(overtook <= 2);
  }

  void end() {
    if (held_.empty()) return;
    const auto place = held_.begin() + static_cast<std::ptrdiff_t>(draw(held_.size()));
    const ClaimedDelivery claimed = *place;
    held_.erase(place);
    if (draw(5) == 0) {
      const PutBack back{claimed.key, claimed.token, now_ + 100ms};
      REQUIRE(store_.put_back({&back, 1}, now_));
      return;
    }
    const DeliverySignal signals[] = {DeliverySignal::succeeded, DeliverySignal::failed_for_good,
                                      DeliverySignal::retry_scheduled, DeliverySignal::expired,
                                      DeliverySignal::schedule_spent};
    AttemptRecord ended = record(claimed, signals[draw(claimed.budget_used > 3 ? 2 : 5)]);
    if (ended.signal == DeliverySignal::retry_scheduled) ended.next_attempt_at = now_ + 700ms;
    REQUIRE(record_one(store_, ended, now_));
  }

  // What a kill -9 leaves, as a store sees it that knows leases alone.
  void lose_owners() {
    now_ += 60s;
    REQUIRE(store_.reap_deliveries(now_));
    for (const ClaimedDelivery& lost : held_) {
      const auto late = record_one(store_, record(lost, DeliverySignal::succeeded), now_);
      REQUIRE(late.error().code == ErrorCode::lease_lost);
    }
    held_.clear();
  }

  std::int64_t any(DeliveryState state) {
    DeliveryFilter filter;
    filter.state = state;
    const auto rows = store_.list_deliveries(filter);
    return rows->empty() ? 0 : rows->at(draw(rows->size())).key;
  }

  void replay() {
    if (const auto dead = any(DeliveryState::dead)) {
      const auto done = store_.replay(dead, draw(2) == 0, now_);
      REQUIRE((done || done.error().field == "expires_at"));
    }
  }

  void cancel() {
    if (const auto waiting = any(DeliveryState::pending)) {
      REQUIRE(store_.cancel(waiting, now_));
    }
  }

  void switch_endpoint() {
    if (draw(2) == 0) {
      in_line_.fifo = !in_line_.fifo;
    } else {
      in_line_.state = in_line_.state == EndpointState::enabled ? EndpointState::disabled
                                                                : EndpointState::enabled;
    }
    REQUIRE(overwrite(store_, in_line_, now_));
  }

  Store& store_;
  SeededRandom random_;
  TimePoint now_ = kNow;
  Endpoint in_line_ = endpoint("ep_1");
  int messages_ = 0;
  std::vector<ClaimedDelivery> held_;
};

}  // namespace

void check_random_lines(const MakeStore& make) {
  const auto seed = GENERATE(range(1, 6));
  CAPTURE(seed);
  const auto store = make();
  Play play(*store, static_cast<std::uint64_t>(seed));
  for (int i = 0; i < 300; ++i) {
    CAPTURE(i);
    play.step();
  }
  play.drain();
}

}  // namespace webhookcore::conformance
