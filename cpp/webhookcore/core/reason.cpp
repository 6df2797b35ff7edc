#include <algorithm>
#include <array>

#include "webhookcore/core/verifier.h"

namespace webhookcore {
namespace {

struct Row {
  Reason reason;
  std::string_view text;
  int http_status;
};

// In the order of the enumeration, so that a reason is its row's index.
constexpr std::array<Row, 15> kRows{{
    {Reason::missing_header, "missing_header", 401},
    {Reason::duplicate_header, "duplicate_header", 400},
    {Reason::header_too_large, "header_too_large", 431},
    {Reason::too_many_signatures, "too_many_signatures", 400},
    {Reason::malformed_header, "malformed_header", 401},
    {Reason::malformed_timestamp, "malformed_timestamp", 400},
    {Reason::malformed_signature, "malformed_signature", 401},
    {Reason::unsupported_version, "unsupported_version", 401},
    {Reason::timestamp_too_old, "timestamp_too_old", 400},
    {Reason::timestamp_too_new, "timestamp_too_new", 400},
    {Reason::signature_mismatch, "signature_mismatch", 401},
    {Reason::body_too_large, "body_too_large", 413},
    {Reason::body_mismatch, "body_mismatch", 401},
    {Reason::malformed_body, "malformed_body", 400},
    {Reason::untrusted_key, "untrusted_key", 401},
}};

constexpr bool rows_are_in_order() {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (static_cast<std::size_t>(kRows[i].reason) != i) return false;
  }
  return static_cast<std::size_t>(Reason::untrusted_key) + 1 == kRows.size();
}
static_assert(rows_are_in_order());

const Row& row_of(Reason reason) { return kRows[static_cast<std::size_t>(reason)]; }

}  // namespace

std::string_view to_string(Reason reason) { return row_of(reason).text; }

std::optional<Reason> parse_reason(std::string_view text) {
  const auto* const found =
      std::find_if(kRows.begin(), kRows.end(), [text](const Row& row) { return row.text == text; });
  if (found == kRows.end()) return std::nullopt;
  return found->reason;
}

int http_status(Reason reason) { return row_of(reason).http_status; }

}  // namespace webhookcore
