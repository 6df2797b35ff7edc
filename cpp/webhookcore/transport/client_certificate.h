// What this host shows to a receiver that asks who it is (mutual TLS).
#pragma once

#include <string>

#include "webhookcore/base/clock.h"
#include "webhookcore/base/error.h"

namespace webhookcore {

// Both PEM files can be read, the key belongs to the first certificate and needs no
// password, and the certificate is valid at that time. ErrorCode::config, naming
// client_cert or client_key; no byte of either is in it.
Result<void> check_client_certificate(const std::string& certificate_file,
                                      const std::string& key_file, TimePoint now);

}  // namespace webhookcore
