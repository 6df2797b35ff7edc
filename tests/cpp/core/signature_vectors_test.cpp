#include <algorithm>
#include <set>

#include "catch.h"
#include "core/vector_schemes.h"
#include "vectors.h"
#include "webhookcore/core/verifier.h"

using namespace webhookcore;
using webhookcore::test::read_signature_vectors;
using webhookcore::test::SignatureVector;

namespace {

// "ok", a reason, or "config_error": the words that the vectors use.
std::string outcome_of(const SignatureVector& row) {
  const auto secrets = row.secret_views();
  const auto verifier = Verifier::create(std::make_shared<const Scheme>(*configured(row)), secrets,
                                         std::chrono::seconds(row.tolerance));
  if (!verifier) return "config_error";
  const auto headers = row.header_views();
  const Verdict verdict = verifier->verify({row.body, headers, row.url, row.method},
                                           TimePoint(std::chrono::seconds(row.now)));
  if (const auto* refusal = std::get_if<Refusal>(&verdict)) {
    return std::string(to_string(refusal->reason));
  }
  return "ok";
}

void check_verdict(const SignatureVector& row) {
  CAPTURE(row.scheme, row.name);
  const std::string outcome = outcome_of(row);
  if (row.expect == "refused") {
    CAPTURE(outcome);
    CHECK(std::find(row.reasons.begin(), row.reasons.end(), outcome) != row.reasons.end());
  } else if (row.expect == "either") {
    CHECK((outcome == "ok" || outcome == row.reasons.at(0)));
  } else {
    CHECK(outcome == row.expect);
  }
}

}  // namespace

TEST_CASE("every published signature of a built-in provider gets its verdict") {
  int checked = 0;
  std::set<std::string> schemes;
  for (const auto& row : read_signature_vectors("signatures.jsonl")) {
    if (!configured(row)) continue;
    ++checked;
    schemes.insert(row.scheme);
    check_verdict(row);
  }
  CHECK(checked == 247);  // All but the 19 of generic-hmac, which is a user's own scheme.
  CHECK(schemes.size() == 49);
}

TEST_CASE("every signature that was made from a provider's rule gets its verdict") {
  std::set<std::string> schemes;
  for (const auto& row : read_signature_vectors("made_signatures.jsonl")) {
    REQUIRE(configured(row));
    schemes.insert(row.scheme);
    check_verdict(row);
  }
  CHECK(schemes.size() == 29);
}

TEST_CASE("every hostile header is refused for the right reason") {
  int checked = 0;
  for (const auto& row : read_signature_vectors("hostile_headers.jsonl")) {
    ++checked;
    CAPTURE(row.scheme, row.name);
    CHECK(outcome_of(row) == (row.expect == "bad_secret" ? "config_error" : row.expect));
  }
  CHECK(checked == 149);
}
