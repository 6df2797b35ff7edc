#include "webhookcore/core/special/message_components.h"

#include <algorithm>
#include <array>

#include "webhookcore/base/bytes.h"
#include "webhookcore/base/encoding.h"
#include "webhookcore/core/form_fields.h"

namespace webhookcore::special {
namespace {

using Value = std::variant<std::string, Reason>;

// The query is taken apart once for each of its parameters that is signed.
constexpr std::size_t kMaxUrlBytes = 8192;

struct UrlParts {
  std::string scheme;     // Lower case.
  std::string authority;  // Lower case, without user and the scheme's own port.
  std::string_view path;
  std::string_view query;  // With its '?'; empty where there is none.
};

std::string authority_of(std::string_view text, std::string_view scheme) {
  const std::size_t user = text.rfind('@');
  if (user != std::string_view::npos) text.remove_prefix(user + 1);
  const std::string_view own_port = scheme == "https" ? ":443" : scheme == "http" ? ":80" : "";
  if (!own_port.empty() && text.ends_with(own_port)) text.remove_suffix(own_port.size());
  return to_lower_ascii(text);
}

std::optional<UrlParts> split_url(std::string_view url) {
  const std::size_t colon = url.find("://");
  if (colon == std::string_view::npos || url.size() > kMaxUrlBytes) return std::nullopt;
  UrlParts parts{
      .scheme = to_lower_ascii(url.substr(0, colon)), .authority = {}, .path = {}, .query = {}};
  url = url.substr(0, url.find('#'));
  const std::size_t start = colon + 3;
  const std::size_t path = std::min(url.find_first_of("/?", start), url.size());
  const std::size_t query = std::min(url.find('?', path), url.size());
  parts.authority = authority_of(url.substr(start, path - start), parts.scheme);
  parts.path = path == query ? "/" : url.substr(path, query - path);
  parts.query = url.substr(query);
  return parts;
}

// The set of WHATWG URL, section 1.3, "application/x-www-form-urlencoded": all but
// letters, digits and these four. A space becomes %20 (RFC 9421, section 2.2.8).
std::string encode_query_text(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '*' || c == '-' || c == '.' || c == '_';
    if (plain) {
      encoded.push_back(c);
      continue;
    }
    std::string digits = encode_hex({&c, 1});
    for (char& digit : digits) digit = digit >= 'a' ? static_cast<char>(digit - 'a' + 'A') : digit;
    encoded.append("%").append(digits);
  }
  return encoded;
}

// Of a name that is there twice nobody knows which value is meant.
Value query_parameter(const UrlParts& url, std::string_view encoded_name) {
  const std::string* found = nullptr;
  const auto fields = parse_form(url.query.substr(std::min<std::size_t>(1, url.query.size())));
  for (const FormField& field : fields) {
    if (encode_query_text(field.first) != encoded_name) continue;
    if (found != nullptr) return Reason::malformed_header;
    found = &field.second;
  }
  if (found == nullptr) return Reason::missing_header;
  return encode_query_text(*found);
}

struct Derived {
  std::string_view name;
  std::string (*value)(const MessageView& message, const UrlParts& url);
};

constexpr std::array kOfUrl{
    Derived{"@target-uri",
            [](const MessageView& message, const UrlParts&) { return std::string(message.url); }},
    Derived{"@authority",
            [](const MessageView&, const UrlParts& url) { return std::string(url.authority); }},
    Derived{"@scheme",
            [](const MessageView&, const UrlParts& url) { return std::string(url.scheme); }},
    Derived{"@request-target",
            [](const MessageView&, const UrlParts& url) {
              return std::string(url.path) + std::string(url.query);
            }},
    Derived{"@path", [](const MessageView&, const UrlParts& url) { return std::string(url.path); }},
    Derived{"@query",
            [](const MessageView&, const UrlParts& url) {
              return url.query.empty() ? std::string("?") : std::string(url.query);
            }},
};

Value derived_value(std::string_view name, const MessageView& message) {
  if (name == "@method") return std::string(message.method);
  if (name == "@status") {
    if (message.status.empty()) return Reason::signature_mismatch;
    return std::string(message.status);
  }
  for (const Derived& derived : kOfUrl) {
    if (derived.name != name) continue;
    const auto url = split_url(message.url);
    if (!url) return Reason::signature_mismatch;
    return derived.value(message, *url);
  }
  return Reason::malformed_header;
}

Value query_parameter_value(const FieldItem& component, const MessageView& message) {
  const auto& parameters = component.parameters;
  if (parameters.size() != 1 || parameters.front().name != "name" ||
      parameters.front().value.type != FieldValue::Type::string) {
    return Reason::malformed_header;
  }
  const auto url = split_url(message.url);
  if (!url) return Reason::signature_mismatch;
  return query_parameter(*url, parameters.front().value.text);
}

// Line breaks would let one value pass for several components.
Value checked(Value value) {
  const auto* text = std::get_if<std::string>(&value);
  if (text != nullptr && text->find_first_of("\r\n") != std::string::npos) {
    return Reason::malformed_header;
  }
  return value;
}

std::string_view trim(std::string_view text) {
  const std::size_t start = std::min(text.find_first_not_of(" \t"), text.size());
  return text.substr(start, text.find_last_not_of(" \t") + 1 - start);
}

bool has_line_break(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

}  // namespace

Value combined_header(std::span<const Header> headers, std::string_view name) {
  std::string joined;
  bool found = false;
  for (const Header& header : headers) {
    if (!equals_ignoring_case(header.name, name)) continue;
    if (!header.representable || has_line_break(header.value)) return Reason::malformed_header;
    if (found) joined.append(", ");
    joined.append(trim(header.value));
    found = true;
  }
  if (!found) return Reason::missing_header;
  return joined;
}

Value component_value(const FieldItem& component, const MessageView& message) {
  const std::string& name = component.value.text;
  if (component.value.type != FieldValue::Type::string || name.empty()) {
    return Reason::malformed_header;
  }
  if (name == "@query-param") return checked(query_parameter_value(component, message));
  if (!component.parameters.empty()) return Reason::unsupported_version;
  if (name.front() == '@') return checked(derived_value(name, message));
  if (!is_header_name(name) || name != to_lower_ascii(name)) return Reason::malformed_header;
  return combined_header(message.headers, name);
}

}  // namespace webhookcore::special
