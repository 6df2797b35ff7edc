// An authority and what it signs, made on the spot by the openssl command in a folder of
// their own.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

namespace webhookcore::test {

class CertificateFolder {
 public:
  CertificateFolder() {
    std::string folder = (std::filesystem::temp_directory_path() / "webhookcore-XXXXXX").string();
    if (mkdtemp(folder.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder_ = folder;
  }
  CertificateFolder(const CertificateFolder&) = delete;
  CertificateFolder& operator=(const CertificateFolder&) = delete;
  ~CertificateFolder() {
    std::error_code ignored;  // A folder left in /tmp fails no test.
    std::filesystem::remove_all(folder_, ignored);
  }

  // Valid for ten days from now. Without an issuer it signs itself. PEM.
  std::string make(const std::string& name, const std::string& subject,
                   const std::string& extensions, const std::string& issuer = "") {
    std::ofstream(at(name + ".cnf")) << "[ext]\n" << extensions << "\n";
    run("openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj '" + subject +
        "' -keyout " + at(name + ".key") + " -out " + at(name + ".csr"));
    const std::string signer = issuer.empty() ? "-signkey " + at(name + ".key")
                                              : "-CA " + at(issuer + ".pem") + " -CAkey " +
                                                    at(issuer + ".key") + " -CAcreateserial";
    run("openssl x509 -req -in " + at(name + ".csr") + " " + signer + " -days 10 -extfile " +
        at(name + ".cnf") + " -extensions ext -out " + at(name + ".pem"));
    std::ostringstream text;
    text << std::ifstream(at(name + ".pem")).rdbuf();
    return text.str();
  }

 private:
  std::string at(const std::string& file) const { return folder_ + "/" + file; }

  static void run(const std::string& command) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe,cert-env33-c): fixed text, no other thread yet.
    if (std::system((command + " 2>/dev/null").c_str()) != 0) {
      throw std::runtime_error("failed: " + command);
    }
  }

  std::string folder_;
};

}  // namespace webhookcore::test
