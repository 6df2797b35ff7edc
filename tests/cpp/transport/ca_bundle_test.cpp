// Where certificate authorities are looked for. The environment is this program's own.

#include "webhookcore/transport/ca_bundle.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
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
  // NOLINTBEGIN(concurrency-mt-unsafe)
  Variable(const char* name, const std::string& value) : name_(name) {
    const char* const before = getenv(name);
    if (before != nullptr) before_ = before;
    setenv(name, value.c_str(), 1);
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() {
    if (before_) {
      setenv(name_, before_->c_str(), 1);
    } else {
      unsetenv(name_);
    }
  }
  // NOLINTEND(concurrency-mt-unsafe)

 private:
  const char* name_;
  std::optional<std::string> before_ = {};
};

// None of the variables, whatever this machine has set.
struct NoVariables {
  Variable file{"SSL_CERT_FILE", ""};
  Variable folder{"SSL_CERT_DIR", ""};
  Variable curl{"CURL_CA_BUNDLE", ""};
};

// A folder as `openssl rehash` leaves it, with one certificate.
class HashedFolder {
 public:
  explicit HashedFolder(const TestCertificate& certificate) {
    path_ = certificate.folder() + "/hashed";
    std::filesystem::create_directory(path_);
    std::filesystem::copy_file(certificate.file(), path_ + "/authority.pem");
    std::filesystem::create_symlink("authority.pem", path_ + "/9d04f354.0");
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace

TEST_CASE("the configured CA file wins over the environment") {
  const TestCertificate certificate{"DNS:a.example"};
  const Variable elsewhere{"SSL_CERT_FILE", "/no/such/file.pem"};
  CHECK(find_ca_bundle(certificate.file()).value() == certificate.file());
}

TEST_CASE("the environment wins over the known places: file, folder, then curl's own") {
  const NoVariables nothing_set;
  const TestCertificate first{"DNS:a.example"};
  const TestCertificate second{"DNS:b.example"};
  const HashedFolder folder{first};
  const Variable curl{"CURL_CA_BUNDLE", second.file()};
  CHECK(find_ca_bundle("").value() == second.file());
  const Variable folders{"SSL_CERT_DIR", folder.path()};
  CHECK(find_ca_bundle("").value() == folder.path());
  const Variable ssl{"SSL_CERT_FILE", first.file()};
  CHECK(find_ca_bundle("").value() == first.file());
  const Variable unset{"SSL_CERT_FILE", ""};
  CHECK(find_ca_bundle("").value() == folder.path());
}

TEST_CASE("a place that the caller knows comes before those of the distributions, or after") {
  const NoVariables nothing_set;
  const TestCertificate certificate{"DNS:a.example"};
  CHECK(find_ca_bundle("", {.before = {"/no/such.pem", certificate.file()}}).value() ==
        certificate.file());
  const auto found = find_ca_bundle("", {.after = {certificate.file()}});
  CHECK(found.ok());
  const auto nowhere = find_ca_bundle("", {.before = {"/no/such.pem"}});
  CHECK(nowhere.ok() == (found.value() != certificate.file()));
}

TEST_CASE("folders become one file, of the certificates that are there under their hashes") {
  const NoVariables nothing_set;
  const TestCertificate first{"DNS:a.example"};
  const TestCertificate second{"DNS:b.example"};
  const HashedFolder one{first};
  const HashedFolder two{second};
  std::ofstream{one.path() + "/unhashed.pem"} << "-----BEGIN CERTIFICATE-----\n";
  const Variable folders{"SSL_CERT_DIR", one.path() + ":/no/such/folder:" + two.path()};
  const auto file = CaFile::of(find_ca_bundle("").value());
  REQUIRE(file.ok());
  std::ostringstream content;
  content << std::ifstream{file->path()}.rdbuf();
  CHECK(content.str() == read_ca_bundle(one.path() + ":" + two.path()).value());
  for (const TestCertificate* each : {&first, &second}) {
    std::ostringstream expected;
    expected << std::ifstream{each->file()}.rdbuf();
    CHECK(content.str().find(expected.str()) != std::string::npos);
  }
  CHECK(content.str().size() < 4000);
}

TEST_CASE("a folder without a certificate under its hash is refused by the variable's name") {
  const NoVariables nothing_set;
  const TestCertificate certificate{"DNS:a.example"};
  const Variable folders{"SSL_CERT_DIR", certificate.folder()};
  const auto found = find_ca_bundle("");
  REQUIRE_FALSE(found.ok());
  CHECK(found.error().detail.find("SSL_CERT_DIR") != std::string::npos);
  CHECK(found.error().detail.find("rehash") != std::string::npos);
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
