#include "webhookcore/core/replay_line.h"

#include "catch.h"

using namespace webhookcore;
using namespace std::chrono_literals;

namespace {

const TimePoint kNow = from_unix_ms(1'700'000'000'000);

}  // namespace

TEST_CASE("what is replayed at a rate is due one place after the other") {
  ReplayLine line;
  CHECK(next_in_line(line, 50.0, kNow) == kNow);
  CHECK(next_in_line(line, 50.0, kNow) == kNow + 20ms);
  CHECK(next_in_line(line, 50.0, kNow + 5ms) == kNow + 40ms);
}

TEST_CASE("a rate that is no whole number of milliseconds holds over a million places") {
  ReplayLine line;
  for (int i = 0; i < 1'000'000; ++i) static_cast<void>(next_in_line(line, 3000.0, kNow));
  CHECK(next_in_line(line, 3000.0, kNow) == kNow + 333'333ms);
}

TEST_CASE("a line that stood still makes up for nothing: it goes on at its rate from now") {
  ReplayLine line;
  CHECK(next_in_line(line, 1.0, kNow) == kNow);
  CHECK(next_in_line(line, 1.0, kNow) == kNow + 1s);
  CHECK(next_in_line(line, 1.0, kNow + 1h) == kNow + 1h);
  CHECK(next_in_line(line, 1.0, kNow + 1h) == kNow + 1h + 1s);
}

TEST_CASE("without a rate everything is due at once") {
  ReplayLine line;
  CHECK(next_in_line(line, std::nullopt, kNow) == kNow);
  CHECK(next_in_line(line, std::nullopt, kNow) == kNow);
  CHECK(next_in_line(line, 0.0, kNow) == kNow);
}

TEST_CASE("while its endpoint is disabled a replay's wait stands still") {
  const TimePoint replayed = kNow, due = kNow + 10s;
  CHECK(after_pause(due, replayed, kNow + 4s, kNow + 24h) == kNow + 24h + 6s);
  CHECK(after_pause(due, replayed, kNow - 1h, kNow + 24h) == kNow + 24h + 10s);
  CHECK(after_pause(due, replayed, kNow + 4s, kNow + 3s) == due);
}
