// The transport over libcurl's multi interface.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "webhookcore/base/error.h"
#include "webhookcore/core/address_policy.h"
#include "webhookcore/transport/ca_bundle.h"
#include "webhookcore/transport/resolver.h"
#include "webhookcore/transport/transport.h"

namespace webhookcore {

struct CurlOptions {
  AddressPolicy policy = {};
  std::string ca_file = {};  // Empty: looked up (ca_bundle.h).
  CaPlaces ca_places = {};
  std::string client_cert = {};  // PEM file of the certificate to show, or empty.
  std::string client_key = {};   // PEM file of its key; empty: in client_cert too.
  std::string proxy = {};        // "http[s]://[user:password@]host:port"; empty: none, whatever the
                                 // environment says. With one, names are its to resolve and judge.
  std::string interface = {};    // Local interface or address to send from; empty: any.
  std::string user_agent = "webhookcore";
  int max_connections = 256;
  int max_connections_per_host = 64;
  std::chrono::seconds max_idle{60};  // After which an open connection is closed.
};

// ErrorCode::config when the CA file, client certificate, proxy or interface cannot be
// used. Starts no
// thread before the first transfer. `resolver` absent: the system's, bounded.
Result<std::unique_ptr<Transport>> make_curl_transport(
    const CurlOptions& options, std::shared_ptr<Resolver> resolver = nullptr);

// "libcurl/7.88.1 OpenSSL/3.0.17 …"
std::string curl_version_text();

}  // namespace webhookcore
