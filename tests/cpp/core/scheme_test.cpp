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

TEST_CASE("a special scheme is refused with an algorithm that its function has no meaning for") {
  const auto fault = [](const char* name, Algorithm algorithm) {
    Scheme scheme = *find_scheme(name);
    for (Version& version : scheme.versions) version.algorithm = algorithm;
    return fault_in(scheme);
  };
  for (const char* name : {"twilio", "mandrill", "mailgun", "adyen", "hook0", "coinbase-cdp"}) {
    CAPTURE(name);
    CHECK(fault(name, Algorithm::hmac_sha512).empty());
    for (const Algorithm algorithm :
         {Algorithm::ed25519, Algorithm::rsa_sha256, Algorithm::secret_sha256, Algorithm::token}) {
      CHECK(fault(name, algorithm) == "alg");
    }
  }
  for (const char* name : {"aws-sns", "paypal"}) {
    CAPTURE(name);
    CHECK(fault(name, Algorithm::rsa_sha256).empty());
    CHECK(fault(name, Algorithm::rsa_sha1).empty());
    for (const Algorithm algorithm : {Algorithm::hmac_sha256, Algorithm::rsa_pss_sha512,
                                      Algorithm::ed25519, Algorithm::token}) {
      CHECK(fault(name, algorithm) == "alg");
    }
  }
  for (const char* name : {"plaid", "jws-es256", "vonage-jwt"}) {
    CAPTURE(name);
    CHECK(fault(name, Algorithm::hmac_sha512) ==
          (find_scheme(name)->key.form == KeyForm::public_key ? "alg" : ""));
    for (const Algorithm algorithm :
         {Algorithm::hmac_sha1, Algorithm::ecdsa_p256, Algorithm::rsa_sha1,
          Algorithm::secret_sha256, Algorithm::token}) {
      CHECK(fault(name, algorithm) == "alg");
    }
  }
  CHECK(fault("rfc9421", Algorithm::ed25519).empty());
  for (const Algorithm algorithm : {Algorithm::hmac_sha1, Algorithm::hmac_sha512,
                                    Algorithm::ecdsa_p256, Algorithm::rsa_sha1, Algorithm::token}) {
    CHECK(fault("rfc9421", algorithm) == "alg");
  }
}

TEST_CASE("a shared secret and a public key are not of one scheme without a tag that tells them") {
  Scheme scheme = sound();
  scheme.key.form = KeyForm::public_key;
  CHECK(fault_in(scheme) == "alg");
  scheme.versions.front().algorithm = Algorithm::ed25519;
  CHECK(fault_in(scheme).empty());
}
