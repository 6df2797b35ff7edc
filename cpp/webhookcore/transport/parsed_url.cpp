#include "webhookcore/transport/parsed_url.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "webhookcore/base/bytes.h"

namespace webhookcore {
namespace {

// No CURLU_GUESS_SCHEME and no CURLU_NON_SUPPORT_SCHEME: the text says http or https,
// or it is refused. The path goes out as it was written.
constexpr unsigned int parse_flags = CURLU_DISALLOW_USER | CURLU_PATH_AS_IS;

Error refused(std::string detail) { return {ErrorCode::invalid_url, std::move(detail)}; }

Result<std::string> part(CURLU* url, CURLUPart which, unsigned int flags = 0) {
  char* text = nullptr;
  const CURLUcode code = curl_url_get(url, which, &text, flags);
  const std::unique_ptr<char, void (*)(void*)> owner{text, curl_free};
  if (code != CURLUE_OK) return refused(curl_url_strerror(code));
  return std::string{text};
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char byte) { return static_cast<unsigned char>(byte) < 0x80; });
}

std::string in_url_form(const HostName& host) {
  if (!host.literal) return host.normal;
  const std::string text = to_string(*host.literal);
  return host.literal->family == IpAddress::Family::v6 ? "[" + text + "]" : text;
}

Result<std::uint16_t> port_of(const AddressPolicy& policy, CURLU* url) {
  const auto text = part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
  if (!text) return text.error();
  const auto number = parse_decimal(*text, 5);
  if (!number || *number < 1 || *number > 65'535) return refused("the port is not 1 to 65535");
  const auto port = static_cast<std::uint16_t>(*number);
  if (!port_allowed(policy, port)) return refused("port " + *text + " is not allowed");
  return port;
}

// Fills in everything but the normal form.
Result<CheckedUrl> judge_parts(const AddressPolicy& policy, CURLU* url) {
  CheckedUrl checked;
  const auto scheme = part(url, CURLUPART_SCHEME);
  if (!scheme) return scheme.error();
  checked.https = *scheme == "https";
  if (!checked.https && *scheme != "http") return refused("the scheme is not http or https");

  const auto host_text = part(url, CURLUPART_HOST);
  if (!host_text) return host_text.error();
  // libcurl would map some of these to ASCII by the process's locale (reliability.md 0.10).
  if (!is_ascii(*host_text)) return refused("the host is not ASCII; write it in punycode");
  auto host = check_host(policy, *host_text);
  if (!host) return host.error();
  checked.host = *std::move(host);

  const auto port = port_of(policy, url);
  if (!port) return port.error();
  checked.port = *port;
  return checked;
}

}  // namespace

Result<ParsedUrl> parse_url(const AddressPolicy& policy, std::string_view url) {
  if (auto text = check_url_text(policy, url); !text) return text.error();
  if (!start_curl()) return Error{ErrorCode::config, "libcurl could not start"};

  UrlHandle handle{curl_url()};
  if (!handle) return Error{ErrorCode::config, "out of memory"};
  const CURLUcode code =
      curl_url_set(handle.get(), CURLUPART_URL, std::string{url}.c_str(), parse_flags);
  if (code != CURLUE_OK) return refused(curl_url_strerror(code));
  if (part(handle.get(), CURLUPART_ZONEID).ok()) return refused("an address with a zone");

  auto checked = judge_parts(policy, handle.get());
  if (!checked) return checked.error();
  const std::string host = in_url_form(checked->host);
  if (curl_url_set(handle.get(), CURLUPART_HOST, host.c_str(), 0) != CURLUE_OK) {
    return refused("the host has no normal form");
  }
  auto normal_form = part(handle.get(), CURLUPART_URL);
  if (!normal_form) return normal_form.error();
  checked->normal_form = *std::move(normal_form);
  return ParsedUrl{*std::move(checked), std::move(handle)};
}

}  // namespace webhookcore
