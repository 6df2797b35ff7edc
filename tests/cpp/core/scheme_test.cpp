#include "webhookcore/core/scheme.h"

#include <set>

#include "catch.h"

using namespace webhookcore;

namespace {

Scheme sound() { return *find_scheme("generic"); }
std::string fault_in(const Scheme& scheme) {
  const auto checked = check_scheme(scheme);
  return checked ? "" : checked.error().field;
}

}  // namespace

TEST_CASE("every built-in scheme is sound, has its own name and is found by it") {
  std::set<std::string> names;
  for (const Scheme& scheme : built_in_schemes()) {
    CAPTURE(scheme.name);
    CHECK(fault_in(scheme).empty());
    CHECK(find_scheme(scheme.name).get() == &scheme);
    names.insert(scheme.name);
  }
  CHECK(names.size() == built_in_schemes().size());
  CHECK(names.size() >= 70);
  CHECK(find_scheme("Stripe") == nullptr);
  CHECK(find_scheme("") == nullptr);
}

TEST_CASE("a scheme tells whether its id and its URL are signed") {
  CHECK(find_scheme("svix")->signs_id());
  CHECK_FALSE(find_scheme("generic")->signs_id());
  CHECK(requires_url(*find_scheme("twilio")));
  CHECK_FALSE(requires_url(*find_scheme("standard")));
  Scheme scheme = sound();
  scheme.signed_content.push_back({Segment::Kind::url});
  CHECK(requires_url(scheme));
}

TEST_CASE("a scheme that contradicts itself is refused by the name of its fault") {
  const auto with = [](auto change) {
    Scheme scheme = sound();
    change(scheme);
    return fault_in(scheme);
  };
  CHECK(with([](Scheme&) {}).empty());
  CHECK(with([](Scheme& s) { s.families.clear(); }) == "sig");
  CHECK(with([](Scheme& s) { s.families[0].signature = "X Y"; }) == "sig");
  CHECK(with([](Scheme& s) { s.families[0].timestamp = "a\nb"; }) == "time");
  CHECK(with([](Scheme& s) { s.families[0].timestamp = ""; }) == "time");
  CHECK(with([](Scheme& s) { s.timestamp = TimestampForm::none; }) == "time");
  CHECK(with([](Scheme& s) { s.signed_content.push_back({Segment::Kind::id}); }) == "id");
  CHECK(with([](Scheme& s) { s.id_header = "a:b"; }) == "id");
  CHECK(with([](Scheme& s) { s.versions.clear(); }) == "alg");
  CHECK(with([](Scheme& s) { s.format.timestamp_tag = "t"; }) == "time");
  CHECK(with([](Scheme& s) { s.signed_content.clear(); }) == "msg");
  CHECK(with([](Scheme& s) { s.signed_content.resize(17, {Segment::Kind::body}); }) == "msg");
  CHECK(with([](Scheme& s) { s.tolerance = Duration::zero(); }) == "tolerance");

  Scheme list = *find_scheme("stripe");
  list.format.pair_separator = ',';
  CHECK(fault_in(list) == "kv");
  list = *find_scheme("stripe");
  list.versions = {{"t", Algorithm::hmac_sha256}};
  CHECK(fault_in(list) == "accept");
  list.versions = {{"v=1", Algorithm::hmac_sha256}};
  CHECK(fault_in(list) == "accept");
}
