#include "webhookcore/base/id.h"

#include <algorithm>
#include <set>

#include "catch.h"

using namespace webhookcore;
using namespace std::chrono_literals;

namespace {

class ZeroRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override { std::fill(out.begin(), out.end(), 0); }
};

class OnesRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override { std::fill(out.begin(), out.end(), 0xFF); }
};

}  // namespace

TEST_CASE("an id is its prefix and a ULID") {
  ZeroRandom zeros;
  OnesRandom ones;
  // 1469918176385 ms is the time of the ULID specification's own example.
  const TimePoint at = from_unix_ms(1'469'918'176'385);
  CHECK(make_id("msg_", at, zeros) == "msg_01ARYZ6S410000000000000000");
  CHECK(make_id("msg_", at, ones) == "msg_01ARYZ6S41ZZZZZZZZZZZZZZZZ");
}

TEST_CASE("ids sort by the time they were made and differ within it") {
  SeededRandom random(7);
  const TimePoint at{1'700'000'000s};
  std::set<std::string> made;
  std::string last;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = make_id("e", at + Duration(i), random);
    CHECK(last < id);
    last = id;
    made.insert(make_id("e", at, random));
  }
  CHECK(made.size() == 1000);
}
