#include "webhookcore/core/special/message_header.h"

#include "webhookcore/base/bytes.h"

namespace webhookcore::special {

HeaderValue read_header(std::span<const Header> headers, std::string_view name) {
  const HeaderMatch match = find_header(headers, name);
  if (match.count == 0) return {.fault = Reason::missing_header};
  if (match.count > 1) return {.fault = Reason::duplicate_header};
  const Header& header = *match.first;
  if (!header.representable) return {.fault = Reason::malformed_header};
  if (header.value.empty()) return {.fault = Reason::missing_header};
  if (header.value.size() > kMaxSignatureHeaderBytes) return {.fault = Reason::header_too_large};
  if (has_control_byte(header.value)) return {.fault = Reason::malformed_header};
  return {.text = header.value};
}

}  // namespace webhookcore::special
