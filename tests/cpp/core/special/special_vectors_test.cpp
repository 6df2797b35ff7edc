#include <algorithm>
#include <map>
#include <set>

#include "catch.h"
#include "core/special/special_tools.h"
#include "core/vector_schemes.h"
#include "vectors.h"

using namespace webhookcore;
using namespace webhookcore::test;

namespace {

std::string outcome_of(const SignatureVector& row, const Scheme& scheme) {
  const auto secrets = row.secret_views();
  const auto verifier = Verifier::create(std::make_shared<const Scheme>(scheme), secrets,
                                         std::chrono::seconds(row.tolerance));
  if (!verifier) return "config_error";
  const auto headers = row.header_views();
  return outcome(verifier->verify({row.body, headers, row.url, row.method},
                                  TimePoint(std::chrono::seconds(row.now))));
}

const std::set<std::string> kSchemes{"adyen",  "aws-sns",   "paypal",     "mailgun", "hook0",
                                     "twilio", "jws-es256", "vonage-jwt", "rfc9421"};

}  // namespace

TEST_CASE("every published signature that needs code gets its verdict") {
  std::map<std::string, int> checked;
  for (const auto& row : read_signature_vectors("signatures.jsonl")) {
    if (!kSchemes.contains(row.scheme)) continue;
    ++checked[row.scheme];
    CAPTURE(row.scheme, row.name);
    const std::string outcome = outcome_of(row, *configured(row));
    if (row.expect == "refused") {
      CAPTURE(outcome);
      CHECK(std::find(row.reasons.begin(), row.reasons.end(), outcome) != row.reasons.end());
    } else if (row.expect == "either") {
      CHECK((outcome == "ok" || outcome == row.reasons.at(0)));
    } else {
      CHECK(outcome == row.expect);
    }
  }
  CHECK(checked.size() == kSchemes.size());
  CHECK(checked["aws-sns"] == 9);
  CHECK(checked["rfc9421"] == 6);
}

TEST_CASE("a published body with any byte changed never crashes a reader") {
  SeededRandom random(7);
  for (const auto& row : read_signature_vectors("signatures.jsonl")) {
    if (!kSchemes.contains(row.scheme)) continue;
    const Scheme scheme = *configured(row);
    const auto headers = row.header_views();
    const std::size_t step = std::max<std::size_t>(1, row.body.size() / 64);
    for (std::size_t i = 0; i < row.body.size(); i += step) {
      std::string body = row.body;
      body[i] = random.bytes(1).front();
      (void)read_special_content(scheme, {body, headers, row.url, row.method}, kNow);
      (void)read_special_content(
          scheme, {std::string_view(row.body).substr(0, i), headers, row.url, row.method}, kNow);
    }
  }
}

TEST_CASE("a published header with any byte changed or cut off never crashes a reader") {
  SeededRandom random(8);
  for (const auto& row : read_signature_vectors("signatures.jsonl")) {
    if (!kSchemes.contains(row.scheme)) continue;
    const Scheme scheme = *configured(row);
    for (std::size_t which = 0; which < row.headers.size(); ++which) {
      const std::string& value = row.headers[which].value;
      for (std::size_t i = 0; i < value.size(); ++i) {
        std::string changed = value;
        changed[i] = random.bytes(1).front();
        auto headers = row.header_views();
        headers[which].value = changed;
        (void)read_special_content(scheme, {row.body, headers, row.url, row.method}, kNow);
        headers[which].value = std::string_view(value).substr(0, i);
        (void)read_special_content(scheme, {row.body, headers, row.url, row.method}, kNow);
      }
    }
  }
}
