#include "webhookcore/core/special/multipart_fields.h"

#include <algorithm>
#include <string>

#include "webhookcore/base/bytes.h"

namespace webhookcore::special {
namespace {

constexpr std::size_t kMaxParts = 1000;
constexpr std::size_t kMaxBoundaryBytes = 70;  // RFC 2046, section 5.1.1.

std::string_view trim(std::string_view text) {
  const std::size_t start = std::min(text.find_first_not_of(" \t"), text.size());
  return text.substr(start, text.find_last_not_of(" \t") + 1 - start);
}

// Cuts one `; name=value` off the front; a value in quotes may hold semicolons.
std::optional<std::pair<std::string_view, std::string_view>> take_parameter(
    std::string_view& rest) {
  const std::size_t semicolon = rest.find(';');
  if (semicolon == std::string_view::npos) return std::nullopt;
  rest.remove_prefix(semicolon + 1);
  const std::size_t equals = rest.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  const std::string_view name = trim(rest.substr(0, equals));
  rest.remove_prefix(equals + 1);
  std::string_view value = trim(rest.substr(0, rest.find(';')));
  if (rest.starts_with('"')) {
    const std::size_t end = rest.find('"', 1);
    if (end == std::string_view::npos) return std::nullopt;
    value = rest.substr(1, end - 1);
    rest.remove_prefix(end + 1);
  }
  return std::pair(name, value);
}

std::optional<std::string_view> find_parameter(std::string_view header, std::string_view name) {
  while (const auto parameter = take_parameter(header)) {
    if (equals_ignoring_case(parameter->first, name)) return parameter->second;
  }
  return std::nullopt;
}

// The field's name, from the lines between the boundary and the empty line.
std::optional<std::string_view> field_name(std::string_view head) {
  constexpr std::string_view kName = "content-disposition:";
  while (!head.empty()) {
    const std::size_t end = std::min(head.find("\r\n"), head.size());
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(std::min(end + 2, head.size()));
    if (!equals_ignoring_case(line.substr(0, kName.size()), kName)) continue;
    const std::string_view disposition = line.substr(kName.size());
    if (find_parameter(disposition, "filename")) return std::nullopt;
    return find_parameter(disposition, "name");
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::vector<MultipartField>> parse_multipart(std::string_view content_type,
                                                           std::string_view body) {
  const auto boundary = find_parameter(content_type, "boundary");
  if (!boundary || boundary->empty() || boundary->size() > kMaxBoundaryBytes) return std::nullopt;
  const std::string line = "\r\n--" + std::string(*boundary);
  const std::string_view first = std::string_view(line).substr(2);
  if (!body.starts_with(first)) return std::nullopt;
  body.remove_prefix(first.size());

  std::vector<MultipartField> fields;
  for (std::size_t part = 0; part < kMaxParts; ++part) {
    if (body.starts_with("--")) return fields;
    const std::size_t end = body.find(line);
    if (!body.starts_with("\r\n") || end == std::string_view::npos) return std::nullopt;
    const std::string_view whole = body.substr(0, end);
    body.remove_prefix(end + line.size());
    const std::size_t blank = whole.find("\r\n\r\n");
    if (blank == std::string_view::npos) return std::nullopt;
    if (const auto name = field_name(whole.substr(2, blank < 2 ? 0 : blank - 2))) {
      fields.emplace_back(*name, whole.substr(blank + 4));
    }
  }
  return std::nullopt;
}

}  // namespace webhookcore::special
