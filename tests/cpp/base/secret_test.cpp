#include "webhookcore/base/secret.h"

#include <algorithm>
#include <utility>

#include "catch.h"

using namespace webhookcore;

namespace {

// Looks at the bytes behind a view that a Secret has given out. Only for short
// texts, which lie inside the object itself and so stay readable.
bool all_zero(const char* bytes, std::size_t size) {
  return std::all_of(bytes, bytes + size, [](char byte) { return byte == '\0'; });
}

}  // namespace

TEST_CASE("wiping overwrites the bytes, also those behind a shortened end") {
  std::string bytes = "0123456789abcdef0123456789abcdef";
  bytes.resize(4);
  const char* data = bytes.data();
  wipe(bytes);
  CHECK(bytes.empty());
  REQUIRE(bytes.data() == data);
  bytes.resize(32, 'x');  // Makes the old bytes readable again, had they survived.
  CHECK(bytes == std::string(32, 'x'));
  std::string shortened = "secret";
  shortened.resize(1);
  wipe(shortened);
  CHECK(all_zero(shortened.data(), 6));
}

TEST_CASE("a secret that was moved from holds nothing any more") {
  Secret first("short");
  const char* inside = first.reveal().data();
  const Secret second(std::move(first));
  CHECK(second.reveal() == "short");
  CHECK(all_zero(inside, 5));

  Secret third("other");
  Secret fourth("old");
  const char* third_inside = third.reveal().data();
  fourth = std::move(third);
  CHECK(fourth.reveal() == "other");
  CHECK(all_zero(third_inside, 5));
}

TEST_CASE("a copied secret is another holder of the same bytes") {
  const Secret original("a secret that is longer than a short string");
  Secret copy(original);
  CHECK(copy.reveal() == original.reveal());
  copy = Secret("b");
  const Secret& same = copy;
  copy = same;
  CHECK(copy.reveal() == "b");
  CHECK(original.reveal().size() == 43);
}
