// The schemes that the rows of the vectors are about, set up as a user would.
#pragma once

#include <optional>
#include <string>

#include "vectors.h"
#include "webhookcore/core/scheme.h"

namespace webhookcore::test {

inline std::string extra_of(const SignatureVector& row, const std::string& wanted) {
  for (const auto& [name, value] : row.extra) {
    if (name == wanted) return value;
  }
  return {};
}

inline void set_setting(Scheme& scheme, const std::string& name, const std::string& value) {
  std::erase_if(scheme.settings, [&](const Setting& setting) { return setting.name == name; });
  scheme.settings.push_back({name, value});
}

// nullopt for a scheme that is no built-in one.
inline std::optional<Scheme> configured(const SignatureVector& row) {
  const bool is_convoy = row.scheme == "convoy";
  const bool is_advanced = extra_of(row, "advanced") == "true";
  const auto built_in = find_scheme(is_convoy && is_advanced ? "convoy-advanced" : row.scheme);
  if (built_in == nullptr) return std::nullopt;
  Scheme scheme = *built_in;
  if (is_convoy) {
    const bool is_512 = extra_of(row, "algo") == "sha512";
    scheme.versions.front().algorithm = is_512 ? Algorithm::hmac_sha512 : Algorithm::hmac_sha256;
    const bool is_hex = extra_of(row, "encoding") == "hex";
    scheme.format.encoding = is_hex ? SignatureEncoding::hex : SignatureEncoding::base64;
  }
  if (row.scheme == "rfc9421") set_setting(scheme, "required", "");
  for (const char* name : {"webhook_id", "label", "status"}) {
    if (const auto value = extra_of(row, name); !value.empty()) set_setting(scheme, name, value);
  }
  return scheme;
}

}  // namespace webhookcore::test
