#include "webhookcore/core/twilio_content.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "webhookcore/base/bytes.h"
#include "webhookcore/base/crypto.h"
#include "webhookcore/base/encoding.h"
#include "webhookcore/core/form_fields.h"

namespace webhookcore {
namespace {

std::string join_sorted(std::vector<FormField> fields) {
  std::sort(fields.begin(), fields.end());
  fields.erase(std::unique(fields.begin(), fields.end()), fields.end());
  std::string joined;
  for (const auto& [name, value] : fields) joined.append(name).append(value);
  return joined;
}

std::optional<std::string> body_sha256_in(std::string_view url) {
  const std::size_t start = url.find('?');
  if (start == std::string_view::npos) return std::nullopt;
  const std::string_view query = url.substr(start + 1);
  for (FormField& field : parse_form(query.substr(0, query.find('#')))) {
    if (field.first == "bodySHA256") return std::move(field.second);
  }
  return std::nullopt;
}

}  // namespace

TwilioContent::TwilioContent(const TwilioRequest& request)
    : before_port_(request.url), body_(request.body) {
  if (request.honours_body_hash) body_sha256_ = body_sha256_in(request.url);
  const std::size_t scheme_end = request.url.find("://");
  if (scheme_end == std::string_view::npos) return;
  const std::string_view scheme = request.url.substr(0, scheme_end);
  if (equals_ignoring_case(scheme, "https")) default_port_ = ":443";
  if (equals_ignoring_case(scheme, "http")) default_port_ = ":80";

  const std::size_t start = scheme_end + 3;
  const std::size_t end = std::min(request.url.find_first_of("/?#", start), request.url.size());
  const std::string_view authority = request.url.substr(start, end - start);
  // A colon before the '@' belongs to the password, one inside brackets to IPv6.
  const std::size_t host_part = authority.find_last_of("@]");
  const std::size_t colon =
      authority.find(':', host_part == std::string_view::npos ? 0 : host_part);
  const std::size_t port_start = colon == std::string_view::npos ? end : start + colon;
  before_port_ = request.url.substr(0, port_start);
  port_ = request.url.substr(port_start, end - port_start);
  after_port_ = request.url.substr(end);
}

std::optional<TwilioContent> TwilioContent::of(const TwilioRequest& request) {
  TwilioContent content(request);
  if (content.body_sha256_ || request.body.empty()) return content;
  if (!is_form(request.content_type)) return std::nullopt;
  content.fields_ = join_sorted(parse_form(request.body));
  return content;
}

std::array<std::string_view, 4> TwilioContent::pieces(std::size_t variant) const {
  const std::array<std::string_view, kVariants> ports{port_, {}, default_port_};
  return {before_port_, ports[variant], after_port_, fields_};
}

bool TwilioContent::body_differs() const {
  if (!body_sha256_) return false;
  const Digest actual = digest(Hash::sha256, std::span(&body_, 1));
  return !equal_in_constant_time(encode_hex(actual.view()), *body_sha256_);
}

}  // namespace webhookcore
