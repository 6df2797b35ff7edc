// Where certificate authorities are looked for. The environment is this program's own.

#include "webhookcore/transport/ca_bundle.h"

#include <cstdlib>
#include <fstream>
#include <string>

#include "catch.h"
#include "support/loopback_tls.h"
#include "support/transport_harness.h"

using namespace webhookcore;        // NOLINT(google-build-using-namespace)
using namespace webhookcore::test;  // NOLINT(google-build-using-namespace)

namespace {

// Sets a variable for as long as it lives.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    setenv(name, value.c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() { unsetenv(name_); }  // NOLINT(concurrency-mt-unsafe)

 private:
  const char* name_;
};

}  // namespace

TEST_CASE("the configured CA file wins over the environment") {
  const TestCertificate certificate{"DNS:a.example"};
  const Variable elsewhere{"SSL_CERT_FILE", "/no/such/file.pem"};
  CHECK(find_ca_bundle(certificate.file()).value() == certificate.file());
}

TEST_CASE("the environment wins over the known places, SSL_CERT_FILE first") {
  const TestCertificate first{"DNS:a.example"};
  const TestCertificate second{"DNS:b.example"};
  const Variable curl{"CURL_CA_BUNDLE", second.file()};
  CHECK(find_ca_bundle("").value() == second.file());
  const Variable ssl{"SSL_CERT_FILE", first.file()};
  CHECK(find_ca_bundle("").value() == first.file());
  const Variable unset{"SSL_CERT_FILE", ""};
  CHECK(find_ca_bundle("").value() == second.file());
}

TEST_CASE("a CA file that cannot be used is refused at once, by name") {
  const TestCertificate certificate{"DNS:a.example"};
  for (const std::string& path :
       {std::string{"/no/such/file.pem"}, std::string{"/tmp"}, certificate.key_file()}) {
    const auto found = find_ca_bundle(path);
    REQUIRE_FALSE(found.ok());
    CHECK(found.error().code == ErrorCode::config);
    CHECK(found.error().field == "ca_file");
    CHECK(found.error().detail.find(path) != std::string::npos);

    auto options = loopback_options();
    options.ca_file = path;
    CHECK_FALSE(make_curl_transport(options).ok());
  }
  const Variable wrong{"SSL_CERT_FILE", "/no/such/file.pem"};
  CHECK(find_ca_bundle("").error().detail.find("SSL_CERT_FILE") != std::string::npos);
}
