// Headers that a special scheme reads beside the one of its signature.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "webhookcore/core/headers.h"
#include "webhookcore/core/verifier.h"

namespace webhookcore::special {

struct HeaderValue {
  std::string_view text = {};        // As it came; empty where `fault` is set.
  std::optional<Reason> fault = {};  // missing_header where there is none.
  bool is_missing() const { return fault == Reason::missing_header; }
};

// Of a header that may be there once. An empty value counts as missing.
HeaderValue read_header(std::span<const Header> headers, std::string_view name);

}  // namespace webhookcore::special
