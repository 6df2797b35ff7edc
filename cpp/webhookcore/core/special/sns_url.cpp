#include "webhookcore/core/special/sns_url.h"

#include <algorithm>

#include "webhookcore/base/bytes.h"

namespace webhookcore {
namespace {

constexpr std::string_view kStart = "https://";

bool is_region_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

// ^sns\.[a-zA-Z0-9-]{3,}\.amazonaws\.com(\.cn)?$
bool is_sns_host(std::string_view host) {
  constexpr std::string_view service = "sns.";
  if (!host.starts_with(service)) return false;
  host.remove_prefix(service.size());
  const std::size_t dot = std::min(host.find('.'), host.size());
  const std::string_view region = host.substr(0, dot);
  const std::string_view domain = host.substr(dot);
  return region.size() >= 3 && std::all_of(region.begin(), region.end(), is_region_char) &&
         (domain == ".amazonaws.com" || domain == ".amazonaws.com.cn");
}

std::string_view after_host(std::string_view url) {
  const std::size_t end = url.find_first_of("/?#", kStart.size());
  return end == std::string_view::npos ? std::string_view() : url.substr(end);
}

}  // namespace

bool is_sns_url(std::string_view url) {
  if (!url.starts_with(kStart) || !is_visible_ascii(url)) return false;
  if (url.find_first_of("#\\") != std::string_view::npos) return false;
  const std::string_view rest = after_host(url);
  return is_sns_host(url.substr(kStart.size(), url.size() - kStart.size() - rest.size()));
}

bool is_sns_certificate_url(std::string_view url) {
  if (!is_sns_url(url)) return false;
  const std::string_view path = after_host(url);
  return path.starts_with('/') && path.ends_with(".pem") &&
         path.find_first_of("?%") == std::string_view::npos;
}

}  // namespace webhookcore
