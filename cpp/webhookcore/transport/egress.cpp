#include "webhookcore/transport/egress.h"

#include <net/if.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "webhookcore/base/bytes.h"
#include "webhookcore/transport/address_guard.h"
#include "webhookcore/transport/curl_handles.h"

namespace webhookcore {
namespace {

Error bad_proxy(std::string detail) { return {ErrorCode::config, std::move(detail), "proxy"}; }

std::optional<std::string> part(CURLU* url, CURLUPart which) {
  char* text = nullptr;
  const CURLUcode code = curl_url_get(url, which, &text, 0);
  const std::unique_ptr<char, void (*)(void*)> owner{text, curl_free};
  if (code != CURLUE_OK) return std::nullopt;
  return std::string{text};
}

std::string without_brackets(std::string host) {
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  return host;
}

}  // namespace

Result<ProxyHost> parse_proxy(const std::string& proxy) {
  if (has_control_byte(proxy)) return bad_proxy("the proxy holds a control byte");
  if (!start_curl()) return bad_proxy("libcurl could not start");
  const UrlHandle url{curl_url()};
  if (!url || curl_url_set(url.get(), CURLUPART_URL, proxy.c_str(), 0) != CURLUE_OK) {
    return bad_proxy("the proxy is not a URL");
  }
  if (const auto scheme = part(url.get(), CURLUPART_SCHEME);
      scheme != "http" && scheme != "https") {
    return bad_proxy("the proxy's scheme is not http or https");
  }
  const auto host = part(url.get(), CURLUPART_HOST);
  if (!host || host->empty()) return bad_proxy("the proxy has no host");
  const auto port_text = part(url.get(), CURLUPART_PORT);
  const auto port = parse_decimal(port_text.value_or(""), 5);
  if (!port || *port < 1 || *port > 65'535) return bad_proxy("the proxy has no port");
  ProxyHost result{without_brackets(*host), static_cast<std::uint16_t>(*port)};
  result.literal = parse_ip(result.name);
  return result;
}

Result<std::string> parse_interface(const std::string& interface) {
  if (const auto address = parse_ip(interface)) {
    const std::string normal = to_string(*address);
    const auto own = own_addresses();
    const bool here = std::any_of(own.begin(), own.end(),
                                  [&](const IpAddress& mine) { return to_string(mine) == normal; });
    if (here) return "host!" + normal;
  } else if (!has_control_byte(interface) && if_nametoindex(interface.c_str()) != 0) {
    return "if!" + interface;
  }
  return Error{ErrorCode::config, "no interface or local address " + interface, "interface"};
}

}  // namespace webhookcore
