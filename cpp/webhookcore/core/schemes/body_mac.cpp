// A MAC of the body alone in one header, in the order of schemes.md, section 1b.
// Nothing in it ages, so a replay is stopped by the event id.
#include <chrono>
#include <utility>

#include "webhookcore/core/schemes/built_in.h"

namespace webhookcore::schemes {
namespace {

constexpr auto kSha1 = Algorithm::hmac_sha1;

struct Beside {
  std::string id = {};    // Header of the event's id, which nothing signs.
  std::string type = {};  // The same of its type.
};

Scheme row(std::string name, std::string header, SignatureFormat format, Beside beside = {},
           Algorithm algorithm = Algorithm::hmac_sha256) {
  return {.name = std::move(name),
          .versions = only(algorithm),
          .families = {{.signature = std::move(header)}},
          .format = std::move(format),
          .signed_content = content("{body}"),
          .id_header = std::move(beside.id),
          .type_header = std::move(beside.type)};
}

Scheme github() {
  Scheme scheme =
      row("github", "X-Hub-Signature-256", hex("sha256="), {"X-GitHub-Delivery", "X-GitHub-Event"});
  scheme.weaker_signature_header = "X-Hub-Signature";
  scheme.type_suffix_field = "action";
  return scheme;
}

Scheme github_sha1() {
  Scheme scheme = row("github-sha1", "X-Hub-Signature", hex("sha1="),
                      {"X-GitHub-Delivery", "X-GitHub-Event"}, kSha1);
  scheme.type_suffix_field = "action";
  return scheme;
}

// Its challenge has us sign a text of anybody's choice, with the same key.
Scheme twitter() {
  Scheme scheme = row("twitter", "X-Twitter-Webhooks-Signature", base64("sha256="));
  scheme.signs_challenges = true;
  return scheme;
}

// It writes its own headers and those of Gitea, which it was once.
Scheme forgejo() {
  Scheme scheme =
      row("forgejo", "X-Forgejo-Signature", hex(), {"X-Forgejo-Delivery", "X-Forgejo-Event"});
  scheme.families.push_back({.signature = "X-Gitea-Signature"});
  return scheme;
}

// One header for each of the account's keys.
Scheme docusign() {
  Scheme scheme = row("docusign", "X-DocuSign-Signature-", base64());
  scheme.families.front().numbered = true;
  return scheme;
}

// The URL is the configured one, letter by letter, and not what a proxy made of it.
Scheme square() {
  Scheme scheme = row("square", "X-Square-HmacSha256-Signature", base64());
  scheme.signed_content = content("{url}{body}");
  return scheme;
}

// The Linear-Timestamp header is not signed; the field in the body is.
Scheme linear() {
  Scheme scheme = row("linear", "Linear-Signature", hex(), {"Linear-Delivery", "Linear-Event"});
  scheme.timestamp = TimestampForm::milliseconds;
  scheme.timestamp_field = "webhookTimestamp";
  scheme.tolerance = std::chrono::seconds{60};
  return scheme;
}

// `v1=5257a8…,v1=…`: any of them, for a rotation.
Scheme versioned(std::string name, std::string header) {
  Scheme scheme = row(std::move(name), std::move(header), list(""));
  scheme.versions = tagged("v1");
  return scheme;
}

Scheme circleci() {
  Scheme scheme = versioned("circleci", "Circleci-Signature");
  scheme.type_header = "Circleci-Event-Type";
  return scheme;
}

Scheme adyen_platform() {
  Scheme scheme = row("adyen-platform", "HmacSignature", base64());
  scheme.key.form = KeyForm::hex;
  return scheme;
}

}  // namespace

std::vector<Scheme> body_mac() {
  return {
      github(),
      github_sha1(),
      row("bitbucket", "X-Hub-Signature", hex("sha256="), {"X-Request-UUID", "X-Event-Key"}),
      row("bitbucket-server", "X-Hub-Signature", hex("sha256="), {"X-Request-Id", "X-Event-Key"}),
      row("jira", "X-Hub-Signature", hex("sha256="), {"X-Atlassian-Webhook-Identifier"}),
      row("gitea", "X-Gitea-Signature", hex(), {"X-Gitea-Delivery", "X-Gitea-Event"}),
      forgejo(),
      row("gogs", "X-Gogs-Signature", hex(), {"X-Gogs-Delivery", "X-Gogs-Event"}),
      row("meta", "X-Hub-Signature-256", hex("sha256=")),
      row("intercom", "X-Hub-Signature", hex("sha1="), {}, kSha1),
      twitter(),
      row("typeform", "Typeform-Signature", base64("sha256=")),
      row("shopify", "X-Shopify-Hmac-Sha256", base64(),
          {"X-Shopify-Webhook-Id", "X-Shopify-Topic"}),
      row("shopify-events", "Shopify-Hmac-Sha256", base64(), {"Shopify-Event-Id", "Shopify-Topic"}),
      row("woocommerce", "X-WC-Webhook-Signature", base64(),
          {"X-WC-Webhook-Delivery-ID", "X-WC-Webhook-Topic"}),
      row("xero", "X-Xero-Signature", base64()),
      docusign(),
      square(),
      row("dropbox", "X-Dropbox-Signature", hex()),
      linear(),
      row("razorpay", "X-Razorpay-Signature", hex(), {"X-Razorpay-Event-Id"}),
      row("coinbase-commerce", "X-CC-Webhook-Signature", hex()),
      versioned("pagerduty", "X-PagerDuty-Signature"),
      circleci(),
      row("asana", "X-Hook-Signature", hex()),
      row("sentry", "Sentry-Hook-Signature", hex(), {"Request-ID", "Sentry-Hook-Resource"}),
      row("launchdarkly", "X-LD-Signature", hex()),
      row("vercel", "X-Vercel-Signature", hex(), {}, kSha1),
      row("mailersend", "Signature", hex()),
      row("cal", "X-Cal-Signature-256", hex()),
      row("attio", "Attio-Signature", hex()),
      row("vapi", "X-Vapi-Signature", hex()),
      row("notion", "X-Notion-Signature", hex("sha256=")),
      adyen_platform(),
      row("convoy", "X-Convoy-Signature", hex()),
  };
}

}  // namespace webhookcore::schemes
