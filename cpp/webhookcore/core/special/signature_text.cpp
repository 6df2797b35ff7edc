#include "webhookcore/core/special/signature_text.h"

#include <utility>

#include "webhookcore/base/encoding.h"
#include "webhookcore/core/signature_header.h"

namespace webhookcore::special {
namespace {

std::optional<std::string> decode(SignatureEncoding encoding, std::string_view text) {
  switch (encoding) {
    case SignatureEncoding::hex:
      return decode_hex(text);
    case SignatureEncoding::base64url:
      return decode_base64url(text);
    case SignatureEncoding::base64:
      break;
  }
  return decode_base64(text);
}

}  // namespace

std::optional<std::string> decode_signature(SignatureEncoding encoding, Algorithm algorithm,
                                            std::string_view text) {
  if (text.empty() || text.size() > kMaxSignatureHeaderBytes) return std::nullopt;
  auto bytes = decode(encoding, text);
  const std::size_t size = signature_size(algorithm);
  if (!bytes || bytes->empty() || (size != 0 && bytes->size() != size)) return std::nullopt;
  return bytes;
}

std::string encode_signature(SignatureEncoding encoding, std::string_view bytes) {
  switch (encoding) {
    case SignatureEncoding::hex:
      return encode_hex(bytes);
    case SignatureEncoding::base64url:
      return encode_base64url(bytes);
    case SignatureEncoding::base64:
      break;
  }
  return encode_base64(bytes);
}

Result<VersionSignature> sign_with_first_fitting(const Scheme& scheme, const SignContent& sign,
                                                 std::string_view content) {
  Error last = refused("secrets", "the scheme has no version");
  for (const Version& version : scheme.versions) {
    auto bytes = sign(version.algorithm, content);
    if (bytes) return VersionSignature{&version, std::move(*bytes)};
    last = bytes.error();
  }
  return last;
}

Error refused(std::string field, std::string detail) {
  return {ErrorCode::config, std::move(detail), std::move(field)};
}

}  // namespace webhookcore::special
