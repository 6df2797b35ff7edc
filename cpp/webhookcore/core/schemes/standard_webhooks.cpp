// Standard Webhooks 1.0 and Svix, its elder, which spells the headers another way.
#include "webhookcore/core/schemes/built_in.h"

namespace webhookcore::schemes {
namespace {

constexpr auto kLiteral = Segment::Kind::literal;

HeaderFamily family(const std::string& stem) {
  return {.signature = stem + "-signature", .timestamp = stem + "-timestamp", .id = stem + "-id"};
}

Scheme row(std::string name, std::vector<HeaderFamily> families) {
  return {
      .name = std::move(name),
      .versions = {{"v1", Algorithm::hmac_sha256}, {"v1a", Algorithm::ed25519}},
      .key = {.form = KeyForm::base64, .prefixes = {"whsec_"}, .ed25519_by_prefix = true},
      .families = std::move(families),
      .format = {.encoding = SignatureEncoding::base64,
                 .item_separator = ' ',
                 .pair_separator = ','},
      .signed_content = {{Segment::Kind::id},
                         {kLiteral, "."},
                         {Segment::Kind::timestamp},
                         {kLiteral, "."},
                         {Segment::Kind::body}},
      .timestamp = TimestampForm::seconds,
  };
}

}  // namespace

std::vector<Scheme> standard_webhooks() {
  return {row("standard", {family("webhook")}), row("svix", {family("svix"), family("webhook")})};
}

}  // namespace webhookcore::schemes
