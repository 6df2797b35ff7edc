// One header with the time and the signatures in it: `t=1700000000,v1=5257a8…`.
#include "webhookcore/core/schemes/built_in.h"

namespace webhookcore::schemes {
namespace {

struct Names {
  std::string scheme;
  std::string header;
  std::string tag;
};

Scheme row(Names names) {
  return {
      .name = std::move(names.scheme),
      .versions = {{std::move(names.tag), Algorithm::hmac_sha256}},
      .families = {{.signature = std::move(names.header)}},
      .format = {.encoding = SignatureEncoding::hex,
                 .item_separator = ',',
                 .pair_separator = '=',
                 .timestamp_tag = "t",
                 .strict_items = true},
      .signed_content = {{Segment::Kind::timestamp},
                         {Segment::Kind::literal, "."},
                         {Segment::Kind::body}},
      .timestamp = TimestampForm::seconds,
  };
}

Scheme generic_row(std::string name, std::string tag) {
  Scheme scheme = row({std::move(name), "X-Webhook-Signature", std::move(tag)});
  scheme.id_header = "X-Webhook-Id";
  scheme.type_header = "X-Webhook-Event";
  return scheme;
}

}  // namespace

// Stripe's `v0` signs test events with a key that everybody has: it is no version.
std::vector<Scheme> stripe_like() {
  Scheme stripe = row({"stripe", "Stripe-Signature", "v1"});
  stripe.key.usual_prefix = "whsec_";
  return {std::move(stripe), generic_row("generic-t-s", "s"), generic_row("generic-t-v1", "v1")};
}

}  // namespace webhookcore::schemes
