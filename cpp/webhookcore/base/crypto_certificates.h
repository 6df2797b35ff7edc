// X.509 certificates that vouch for a signing key: whose they are, until when, and who
// says so. The key itself is crypto_keys.h's. Pure: the caller passes the time and the
// authorities that it trusts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "webhookcore/base/clock.h"
#include "webhookcore/base/error.h"

namespace webhookcore {

struct CertificateFacts {
  // The host names in it, in lower case; the common name where it has none (RFC 6125,
  // section 6.4.4). Without any that holds other bytes than visible ASCII.
  std::vector<std::string> names = {};
  TimePoint not_before{};
  TimePoint not_after{};
};

// Of the first certificate in the PEM text. ErrorCode::config for what is none.
Result<CertificateFacts> read_certificate(std::string_view pem);

// Whether the first certificate leads to one of the authorities at that time, over the
// other certificates of the text. `authorities` is a PEM bundle as systems have it:
// with remarks between its blocks. Revocation is not asked for. ErrorCode::config says
// why not.
Result<void> check_chain(std::string_view pem, std::string_view authorities, TimePoint now);

// Whether the private key belongs to the first certificate of the other text, and that is
// valid at the time; the key must need no password. ErrorCode::config, its field "key" or
// "certificate". For showing them to a TLS server, whatever the kind of key.
Result<void> check_key_pair(std::string_view certificate, std::string_view key, TimePoint now);

}  // namespace webhookcore
