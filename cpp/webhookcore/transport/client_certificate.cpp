#include "webhookcore/transport/client_certificate.h"

#include <utility>

#include "webhookcore/base/crypto_certificates.h"
#include "webhookcore/transport/pem_file.h"

namespace webhookcore {
namespace {

Error about(const std::string& option, const std::string& file, const std::string& what) {
  return {ErrorCode::config, option + " names " + file + ": " + what, option};
}

}  // namespace

Result<void> check_client_certificate(const std::string& certificate_file,
                                      const std::string& key_file, TimePoint now) {
  const auto certificate = read_small_file(certificate_file);
  if (!certificate) {
    return about("client_cert", certificate_file, "not a readable file of at most 1 MiB");
  }
  const auto key = read_small_file(key_file);
  if (!key) return about("client_key", key_file, "not a readable file of at most 1 MiB");
  auto usable = check_key_pair(certificate->reveal(), key->reveal(), now);
  if (usable) return {};
  const bool of_key = usable.error().field == "key";
  return about(of_key ? "client_key" : "client_cert", of_key ? key_file : certificate_file,
               usable.error().detail);
}

}  // namespace webhookcore
