#include "webhookcore/core/correlation_id.h"

#include <vector>

#include "catch.h"

using namespace webhookcore;

namespace {

const std::string_view kTrace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

std::string found_in(const std::vector<Header>& headers) {
  return find_correlation_id(headers).value_or("none");
}

}  // namespace

TEST_CASE("the first sane id of the first name that has one is the request's") {
  CHECK(found_in({}) == "none");
  CHECK(found_in({{"X-Correlation-ID", "c.7"}, {"x-request-id", "req-7"}}) == "req-7");
  CHECK(found_in({{"traceparent", kTrace}, {"X-Correlation-Id", "c.7"}}) == "c.7");
  CHECK(found_in({{"webhookcore-request-id", "ours"}, {"Traceparent", kTrace}}) ==
        "4bf92f3577b34da6a3ce929d0e0e4736");
  CHECK(found_in({{"Webhookcore-Request-Id", "ours"}}) == "ours");
  CHECK(found_in({{"X-Request-Id", "a b"}, {"X-Request-Id", "second"}}) == "second");
  CHECK(found_in({{"X-Request-Ids", "other"}}) == "none");
}

TEST_CASE("what would be harmful in a log line or a file's name is no id") {
  for (const std::string_view text :
       {"", "a\nb", "a\n", "../../etc", "$(reboot)", "--help", "\xe9"}) {
    INFO(text);
    CHECK(found_in({{"X-Request-Id", text}}) == "none");
  }
  CHECK(found_in({{"X-Request-Id", std::string(128, 'x')}}) == std::string(128, 'x'));
  CHECK(found_in({{"X-Request-Id", std::string(129, 'x')}}) == "none");
  CHECK(found_in({{"X-Request-Id", "?", false}}) == "none");
}

TEST_CASE("a trace's id is read from every version of a traceparent, and from nothing else") {
  const std::string trace(kTrace);
  CHECK(found_in({{"traceparent", trace + "-more"}}) == "4bf92f3577b34da6a3ce929d0e0e4736");
  for (const std::string& text :
       {trace.substr(1), trace + "more", trace + "-a\nb",
        "00-" + std::string(32, '0') + trace.substr(35), "0G" + trace.substr(2),
        trace.substr(0, 40) + "X" + trace.substr(41), trace.substr(0, 53) + "0X",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736" + trace.substr(35)}) {
    INFO(text);
    CHECK(found_in({{"traceparent", text}}) == "none");
  }
}

TEST_CASE("a made id is 32 hex digits and never the same") {
  SeededRandom random(1);
  const std::string first = make_correlation_id(random);
  CHECK(first.size() == 32);
  CHECK(found_in({{"X-Request-Id", first}}) == first);
  CHECK(make_correlation_id(random) != first);
}
