// A MAC of the body alone in one header. Nothing in it ages, so a replay is
// stopped by the event id, which nothing signs either.
#include "webhookcore/core/schemes/built_in.h"

namespace webhookcore::schemes {
namespace {

Scheme github() {
  return {
      .name = "github",
      .versions = {{"", Algorithm::hmac_sha256}},
      .families = {{.signature = "X-Hub-Signature-256"}},
      .format = {.encoding = SignatureEncoding::hex, .prefix = "sha256="},
      .signed_content = {{Segment::Kind::body}},
      .weaker_signature_header = "X-Hub-Signature",
      .id_header = "X-GitHub-Delivery",
      .type_header = "X-GitHub-Event",
      .type_suffix_field = "action",
  };
}

Scheme github_sha1() {
  Scheme scheme = github();
  scheme.name = "github-sha1";
  scheme.versions = {{"", Algorithm::hmac_sha1}};
  scheme.families = {{.signature = "X-Hub-Signature"}};
  scheme.format.prefix = "sha1=";
  scheme.weaker_signature_header.clear();
  return scheme;
}

Scheme shopify() {
  return {
      .name = "shopify",
      .versions = {{"", Algorithm::hmac_sha256}},
      .families = {{.signature = "X-Shopify-Hmac-Sha256"}},
      .format = {.encoding = SignatureEncoding::base64},
      .signed_content = {{Segment::Kind::body}},
      .id_header = "X-Shopify-Webhook-Id",
      .type_header = "X-Shopify-Topic",
  };
}

}  // namespace

std::vector<Scheme> body_mac() { return {github(), github_sha1(), shopify()}; }

}  // namespace webhookcore::schemes
