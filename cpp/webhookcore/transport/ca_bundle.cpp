#include "webhookcore/transport/ca_bundle.h"

#include <array>
#include <cstdlib>
#include <fstream>
#include <string_view>

namespace webhookcore {
namespace {

// Debian, Arch and Gentoo; Fedora and RHEL (two layouts); SUSE; Alpine, macOS and
// the BSDs; FreeBSD's package.
constexpr std::array<std::string_view, 6> known_places{
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/share/certs/ca-root-nss.crt"};

// An empty file or a directory opens without complaint and would fail at the first
// delivery only.
bool holds_certificates(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  std::string line;
  while (std::getline(file, line)) {
    if (line.starts_with("-----BEGIN ") && line.find("CERTIFICATE") != std::string::npos) {
      return true;
    }
  }
  return false;
}

Error unusable(const std::string& path, const std::string& named_by) {
  return {ErrorCode::config,
          named_by + " names " + path + ", which is not a readable file of PEM certificates",
          "ca_file"};
}

}  // namespace

Result<std::string> find_ca_bundle(const std::string& configured) {
  if (!configured.empty()) {
    if (!holds_certificates(configured)) return unusable(configured, "ca_file");
    return configured;
  }
  // A variable that is set was meant: trusting some other file instead would hide it.
  for (const char* variable : {"SSL_CERT_FILE", "CURL_CA_BUNDLE"}) {
    const char* const value = secure_getenv(variable);
    if (value == nullptr || *value == '\0') continue;
    if (!holds_certificates(value)) return unusable(value, variable);
    return std::string{value};
  }
  std::string tried;
  for (const std::string_view place : known_places) {
    std::string path{place};
    if (holds_certificates(path)) return path;
    tried += (tried.empty() ? "" : ", ") + path;
  }
  return Error{ErrorCode::config,
               "no certificate authorities found (tried " + tried +
                   "); install ca-certificates or set ca_file",
               "ca_file"};
}

}  // namespace webhookcore
