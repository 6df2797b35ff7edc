#include "webhookcore/transport/ca_bundle.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string_view>
#include <system_error>

#include "webhookcore/transport/pem_file.h"

namespace webhookcore {
namespace {

namespace fs = std::filesystem;

// Debian, Arch and Gentoo; Fedora and RHEL (two layouts); SUSE; Alpine, macOS and
// the BSDs; FreeBSD's package.
constexpr std::array<std::string_view, 6> known_places{
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/share/certs/ca-root-nss.crt"};

// An empty file opens without complaint and would fail at the first delivery only.
bool file_holds_certificates(const fs::path& path) {
  std::ifstream file{path, std::ios::binary};
  std::string line;
  while (std::getline(file, line)) {
    if (line.starts_with("-----BEGIN ") && line.find("CERTIFICATE") != std::string::npos) {
      return true;
    }
  }
  return false;
}

// "9d04f354.0": eight hexadecimal digits, and a number for subjects of the same hash.
bool is_hash_name(const std::string& name) {
  constexpr std::size_t hash = 8;
  constexpr std::string_view digits = "0123456789";
  return name.size() > hash + 1 && name[hash] == '.' &&
         name.find_first_not_of("0123456789abcdef") == hash &&
         name.find_first_not_of(digits, hash + 1) == std::string::npos;
}

// Those of the folders in `list`, in a fixed order.
std::set<fs::path> hashed_files(const std::string& list) {
  std::set<fs::path> files;
  std::istringstream folders{list};
  std::string folder;
  while (std::getline(folders, folder, ':')) {
    std::error_code error;
    for (fs::directory_iterator at{folder, error}, end; !error && at != end; at.increment(error)) {
      if (is_hash_name(at->path().filename().string())) files.insert(at->path());
    }
  }
  return files;
}

bool folders_hold_certificates(const std::string& list) {
  const auto files = hashed_files(list);
  return std::any_of(files.begin(), files.end(), file_holds_certificates);
}

Error unusable(const std::string& path, const std::string& named_by, const std::string& form) {
  return {ErrorCode::config, named_by + " names " + path + ", which is not " + form, "ca_file"};
}

struct Variable {
  const char* name;
  bool (*holds)(const std::string&);
  const char* form;
};

bool is_file_of_certificates(const std::string& path) { return file_holds_certificates(path); }

constexpr const char* file_form = "a readable file of PEM certificates";
constexpr std::array<Variable, 3> variables{
    {{"SSL_CERT_FILE", is_file_of_certificates, file_form},
     {"SSL_CERT_DIR", folders_hold_certificates,
      "a readable folder of PEM certificates under their hashes (openssl rehash)"},
     {"CURL_CA_BUNDLE", is_file_of_certificates, file_form}}};

}  // namespace

Result<std::string> find_ca_bundle(const std::string& configured, const CaPlaces& places) {
  if (!configured.empty()) {
    if (!file_holds_certificates(configured)) return unusable(configured, "ca_file", file_form);
    return configured;
  }
  // A variable that is set was meant: trusting some other file instead would hide it.
  for (const Variable& variable : variables) {
    const char* const value = secure_getenv(variable.name);
    if (value == nullptr || *value == '\0') continue;
    if (!variable.holds(value)) return unusable(value, variable.name, variable.form);
    return std::string{value};
  }
  std::vector<std::string> all = places.before;
  all.insert(all.end(), known_places.begin(), known_places.end());
  all.insert(all.end(), places.after.begin(), places.after.end());
  std::string tried;
  for (const std::string& place : all) {
    std::error_code error;
    const bool folder = fs::is_directory(place, error);
    if (folder ? folders_hold_certificates(place) : file_holds_certificates(place)) return place;
    tried += (tried.empty() ? "" : ", ") + place;
  }
  return Error{ErrorCode::config,
               "no certificate authorities found (tried " + tried +
                   "); install ca-certificates or set ca_file",
               "ca_file"};
}

Result<std::string> read_ca_bundle(const std::string& found) {
  std::error_code error;
  std::set<fs::path> files{found};
  if (!fs::is_regular_file(found, error)) files = hashed_files(found);
  std::string text;
  for (const fs::path& file : files) {
    std::ifstream stream{file, std::ios::binary};
    std::ostringstream content;
    content << stream.rdbuf();
    text += content.str() + "\n";
  }
  if (text.find("-----BEGIN ") != std::string::npos) return text;
  return unusable(found, "ca_file", file_form);
}

Result<CaFile> CaFile::of(const std::string& found) {
  CaFile file;
  std::error_code error;
  if (fs::is_regular_file(found, error)) {
    file.path_ = found;
    return file;
  }
  const auto text = read_ca_bundle(found);
  if (!text) return text.error();
  const int descriptor = memfd_create("certificate-authorities", MFD_CLOEXEC);
  if (descriptor < 0) return unusable(found, "SSL_CERT_DIR", "gathered: there is no memory");
  file.descriptor_ = {new int{descriptor}, [](const int* owned) {
                        close(*owned);
                        delete owned;
                      }};
  file.path_ = "/proc/self/fd/" + std::to_string(descriptor);
  std::ofstream out{file.path_, std::ios::binary};
  out << *text;
  out.close();
  if (!out) return unusable(found, "SSL_CERT_DIR", "gathered: /proc is missing or memory is out");
  return file;
}

}  // namespace webhookcore
