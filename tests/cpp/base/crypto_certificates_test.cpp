#include "webhookcore/base/crypto_certificates.h"

#include <chrono>
#include <string>
#include <vector>

#include "catch.h"
#include "support/certificate_files.h"

using namespace webhookcore;        // NOLINT(google-build-using-namespace)
using namespace webhookcore::test;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

namespace {

constexpr const char* kAuthority = "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign";

TimePoint today() {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()) + 1h;
}

struct Family {
  CertificateFolder folder;
  std::string root = folder.make("root", "/CN=Root", kAuthority);
  std::string between = folder.make("between", "/CN=Between", kAuthority, "root");
  std::string leaf =
      folder.make("leaf", "/CN=keys.example.com",
                  "subjectAltName=DNS:Keys.Example.com,DNS:b.example.com", "between");
};

}  // namespace

TEST_CASE("a certificate tells its host names and its dates") {
  CertificateFolder folder;
  const auto facts = read_certificate(
      folder.make("a", "/CN=other.example.com",
                  "subjectAltName=DNS:Keys.Example.com,IP:192.0.2.1,DNS:b.example.com"));
  REQUIRE(facts.ok());
  CHECK(facts->names == std::vector<std::string>{"keys.example.com", "b.example.com"});
  CHECK(facts->not_before <= today());
  CHECK(facts->not_after > today() + std::chrono::hours(24 * 8));
  CHECK(facts->not_after < today() + std::chrono::hours(24 * 11));
}

TEST_CASE("the common name counts only where no host name stands, and only alone") {
  CertificateFolder folder;
  const auto names = [&](const std::string& subject, const std::string& extensions) {
    const auto facts = read_certificate(folder.make("a", subject, extensions));
    REQUIRE(facts.ok());
    return facts->names;
  };
  const std::string none = "basicConstraints=CA:FALSE";
  CHECK(names("/O=X/CN=Keys.example.com", none) == std::vector<std::string>{"keys.example.com"});
  CHECK(names("/CN=keys.example.com/CN=b.example.com", none).empty());
  CHECK(names("/O=keys.example.com", none).empty());
  CHECK(names("/CN=keys example.com", none).empty());
}

TEST_CASE("what is no certificate is refused") {
  const Family family;
  const std::string cut = family.leaf.substr(0, family.leaf.size() / 2);
  for (const std::string& text :
       {std::string(), std::string("{}"), cut, family.leaf + "words",
        std::string("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        std::string("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"),
        std::string(65 * 1024, ' ') + family.leaf}) {
    CHECK_FALSE(read_certificate(text).ok());
    CHECK_FALSE(check_chain(text, family.root, today()).ok());
  }
  std::string many;
  for (int i = 0; i < 11; ++i) many += family.leaf;
  CHECK_FALSE(read_certificate(many).ok());
}

TEST_CASE("a chain leads to an authority, over the certificates that came with it") {
  const Family family;
  const std::string remarks = "# Authorities\n" + family.root + "\n# end\n";
  CHECK(check_chain(family.leaf + family.between, remarks, today()).ok());
  CHECK_FALSE(check_chain(family.leaf, family.root, today()).ok());
  CHECK_FALSE(check_chain(family.leaf, "", today()).ok());
  CHECK_FALSE(check_chain(family.leaf + family.between, "", today()).ok());
}

TEST_CASE("a chain is refused that anybody could make") {
  const Family family;
  CertificateFolder other;
  const std::string stranger = other.make("root", "/CN=Root", kAuthority);
  const std::string forged =
      other.make("leaf", "/CN=keys.example.com", "subjectAltName=DNS:keys.example.com", "root");
  CHECK_FALSE(check_chain(forged, family.root, today()).ok());
  CHECK_FALSE(check_chain(forged + stranger, family.root, today()).ok());
  // A certificate that is no authority's vouches for nobody.
  CertificateFolder mine;
  const std::string root = mine.make("root", "/CN=Mine", kAuthority);
  const std::string user =
      mine.make("user", "/CN=user.example.com", "basicConstraints=CA:FALSE", "root");
  const std::string below =
      mine.make("below", "/CN=keys.example.com", "subjectAltName=DNS:keys.example.com", "user");
  CHECK(check_chain(user, root, today()).ok());
  CHECK_FALSE(check_chain(below + user, root, today()).ok());
}

TEST_CASE("a chain holds only within its dates") {
  const Family family;
  const std::string chain = family.leaf + family.between;
  CHECK(check_chain(chain, family.root, today()).ok());
  CHECK_FALSE(check_chain(chain, family.root, today() - std::chrono::hours(48)).ok());
  CHECK_FALSE(check_chain(chain, family.root, today() + std::chrono::hours(24 * 20)).ok());
}
