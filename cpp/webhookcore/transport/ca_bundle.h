// Finds the certificate authorities: ours to do, because a libcurl that was built
// elsewhere looks in places that do not exist here (ecosystem.md, F4).
#pragma once

#include <string>

#include "webhookcore/base/error.h"

namespace webhookcore {

// `configured`, else $SSL_CERT_FILE, $CURL_CA_BUNDLE, else the known places of the
// distributions. ErrorCode::config, naming what was tried, when no file is readable:
// at start, not at the first delivery.
Result<std::string> find_ca_bundle(const std::string& configured);

}  // namespace webhookcore
