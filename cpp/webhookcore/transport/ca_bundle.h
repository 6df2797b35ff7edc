// Finds the certificate authorities: ours to do, because a libcurl that was built
// elsewhere looks in places that do not exist here (ecosystem.md, F4).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "webhookcore/base/error.h"

namespace webhookcore {

// What the program around us knows of authorities. Here nothing was meant by anybody:
// what cannot be used is passed over.
struct CaPlaces {
  std::vector<std::string> before = {};  // Asked before the places of the distributions.
  std::vector<std::string> after = {};   // When there is nothing there either.
};

// `configured`, else $SSL_CERT_FILE, $SSL_CERT_DIR, $CURL_CA_BUNDLE, else the places: a
// PEM file, or folders (with `:` between them) of PEM files that are called by the hash of
// their subject, as `openssl rehash` does it. ErrorCode::config, naming what was tried, when
// there are no certificates: at start, not at the first delivery.
Result<std::string> find_ca_bundle(const std::string& configured, const CaPlaces& places = {});

// All certificates of what find_ca_bundle() found, as PEM text.
Result<std::string> read_ca_bundle(const std::string& found);

// One file for libcurl, which keeps the authorities of a file in memory and reads those of
// a folder anew for every connection (performance.md, trap 1). What was in folders becomes
// a file in memory that lives as long as this.
class CaFile {
 public:
  static Result<CaFile> of(const std::string& found);
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  std::shared_ptr<const int> descriptor_;
};

}  // namespace webhookcore
