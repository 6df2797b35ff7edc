#include "webhookcore/core/outcome.h"

#include "catch.h"

using namespace webhookcore;
using namespace std::chrono_literals;

TEST_CASE("every 2xx is delivered, and nothing else is") {
  for (int status = 0; status < 1000; ++status) {
    INFO(status);
    CHECK((judge(status, TransportError::none) == Outcome::delivered) ==
          (status >= 200 && status <= 299));
  }
}

TEST_CASE("an answer that may be another one later is tried again") {
  for (const int status : {408, 409, 425, 500, 501, 502, 504, 505, 599}) {
    INFO(status);
    CHECK(judge(status, TransportError::none) == Outcome::transient);
  }
  CHECK(judge(429, TransportError::none) == Outcome::throttled);
  CHECK(judge(503, TransportError::none) == Outcome::throttled);
}

TEST_CASE("a redirect is a failed attempt, not the end of the delivery") {
  for (const int status : {300, 301, 302, 303, 304, 307, 308}) {
    INFO(status);
    CHECK(judge(status, TransportError::none) == Outcome::transient);
  }
}

TEST_CASE("a status that HTTP does not have is a failed attempt") {
  for (const int status : {0, 100, 101, 199, 600, 999}) {
    INFO(status);
    CHECK(judge(status, TransportError::none) == Outcome::transient);
  }
}

TEST_CASE("the receiver's refusal of this message is final") {
  for (const int status : {400, 401, 402, 403, 404, 405, 406, 413, 415, 422, 451, 499}) {
    INFO(status);
    CHECK(judge(status, TransportError::none) == Outcome::permanent);
  }
  CHECK(judge(410, TransportError::none) == Outcome::gone);
}

TEST_CASE("where an endpoint asks for it a refusal is tried again, but for 410") {
  for (int status = 400; status < 500; ++status) {
    INFO(status);
    const Outcome outcome = judge(status, TransportError::none, ClientErrors::retry);
    if (status == 410) {
      CHECK(outcome == Outcome::gone);
    } else if (status == 429) {
      CHECK(outcome == Outcome::throttled);
    } else {
      CHECK(outcome == Outcome::transient);
    }
  }
  for (const int status : {200, 302, 500, 503}) {
    CHECK(judge(status, TransportError::none, ClientErrors::retry) ==
          judge(status, TransportError::none));
  }
  CHECK(judge(std::nullopt, TransportError::blocked_address, ClientErrors::retry) ==
        Outcome::permanent);
}

TEST_CASE("an endpoint is to blame for what may pass, never for a refusal") {
  for (const int status : {408, 409, 425, 429, 500, 503, 302, 0}) {
    INFO(status);
    CHECK(blames_endpoint(judge(status, TransportError::none), status));
  }
  for (const int status : {200, 204, 400, 401, 404, 410, 422, 499}) {
    INFO(status);
    CHECK_FALSE(blames_endpoint(judge(status, TransportError::none), status));
    CHECK_FALSE(blames_endpoint(judge(status, TransportError::none, ClientErrors::retry), status));
  }
  CHECK(blames_endpoint(judge(std::nullopt, TransportError::tls), std::nullopt));
  CHECK_FALSE(blames_endpoint(judge(std::nullopt, TransportError::blocked_address), std::nullopt));
}

TEST_CASE("an attempt without an answer is tried again, whatever broke") {
  for (const auto error :
       {TransportError::none, TransportError::dns, TransportError::connect, TransportError::tls,
        TransportError::timeout, TransportError::bad_response, TransportError::reset,
        TransportError::cancelled, TransportError::not_signed}) {
    INFO(to_string(error));
    CHECK(judge(std::nullopt, error) == Outcome::transient);
  }
}

TEST_CASE("a blocked address, an impossible URL or an impossible request is final") {
  CHECK(judge(std::nullopt, TransportError::blocked_address) == Outcome::permanent);
  CHECK(judge(std::nullopt, TransportError::invalid_url) == Outcome::permanent);
  CHECK(judge(std::nullopt, TransportError::invalid_request) == Outcome::permanent);
}

TEST_CASE("whole headers decide even if the body was cut after them") {
  CHECK(judge(200, TransportError::timeout) == Outcome::delivered);
  CHECK(judge(204, TransportError::reset) == Outcome::delivered);
  CHECK(judge(500, TransportError::bad_response) == Outcome::transient);
  CHECK(judge(410, TransportError::cancelled) == Outcome::gone);
}

TEST_CASE("the names of errors and outcomes can be read back") {
  for (int i = 0; i <= static_cast<int>(TransportError::not_signed); ++i) {
    const auto error = static_cast<TransportError>(i);
    CHECK(parse_transport_error(to_string(error)) == error);
  }
  for (int i = 0; i <= static_cast<int>(Outcome::gone); ++i) {
    const auto outcome = static_cast<Outcome>(i);
    CHECK(parse_outcome(to_string(outcome)) == outcome);
  }
  CHECK(to_string(TransportError::blocked_address) == "blocked_address");
  CHECK(to_string(TransportError::not_signed) == "not_signed");
  CHECK(to_string(Outcome::gone) == "gone");
  CHECK_FALSE(parse_transport_error("Timeout"));
  CHECK_FALSE(parse_outcome(""));
}

TEST_CASE("Retry-After in seconds is a wait") {
  const TimePoint now{1'700'000'000s};
  CHECK(parse_retry_after("0", now) == 0s);
  CHECK(parse_retry_after("120", now) == 120s);
  CHECK(parse_retry_after(" 120\t", now) == 120s);
  CHECK(parse_retry_after("007", now) == 7s);
  CHECK(parse_retry_after("99999999999999999999999999", now) == 10'000'000'000s);
}

TEST_CASE("Retry-After as a date is the time until then, in all three forms") {
  const TimePoint now{784'111'717s};  // Sun, 06 Nov 1994 08:48:37 GMT
  CHECK(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now) == 60s);
  CHECK(parse_retry_after("Sunday, 06-Nov-94 08:49:37 GMT", now) == 60s);
  CHECK(parse_retry_after("Sun Nov  6 08:49:37 1994", now) == 60s);
  CHECK(parse_retry_after("Wed Nov 16 08:49:37 1994", now) == 240h + 60s);
  CHECK(parse_retry_after("Thu, 29 Feb 1996 00:00:00 GMT", now) == TimePoint{825'552'000s} - now);
}

TEST_CASE("a two-digit year is the nearest one that is not far ahead") {
  const TimePoint now{1'700'000'000s};  // 2023
  CHECK(parse_retry_after("Tuesday, 14-Nov-23 22:14:20 GMT", now) == 60s);
  CHECK(parse_retry_after("Sunday, 06-Nov-94 08:49:37 GMT", now) == 0s);
}

TEST_CASE("a Retry-After in the past is no wait") {
  CHECK(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", TimePoint{1'700'000'000s}) == 0s);
}

TEST_CASE("anything else is no Retry-After") {
  const TimePoint now{784'111'717s};
  for (const std::string_view text :
       {"", " ", "-1", "+1", "1.5", "1e3", "soon", "12 34", "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:49:37 GMT ,", "Sun, 6 Nov 1994",
        "Sun, 00 Nov 1994 08:49:37 GMT", "Sun Nov 06 08:49:37", "Sun", "Sun,",
        "Sunday, 06-Foo-94 08:49:37 GMT"}) {
    INFO(text);
    CHECK_FALSE(parse_retry_after(text, now));
  }
}
