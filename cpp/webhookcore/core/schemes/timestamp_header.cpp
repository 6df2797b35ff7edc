// One signature in one header and its time in another.
#include "webhookcore/core/schemes/built_in.h"

namespace webhookcore::schemes {
namespace {

Scheme slack() {
  return {
      .name = "slack",
      .versions = {{"", Algorithm::hmac_sha256}},
      .families = {{.signature = "X-Slack-Signature", .timestamp = "X-Slack-Request-Timestamp"}},
      .format = {.encoding = SignatureEncoding::hex, .prefix = "v0="},
      .signed_content = {{Segment::Kind::literal, "v0:"},
                         {Segment::Kind::timestamp},
                         {Segment::Kind::literal, ":"},
                         {Segment::Kind::body}},
      .timestamp = TimestampForm::seconds,
  };
}

Scheme generic(std::string name, std::vector<Segment> signed_content) {
  return {
      .name = std::move(name),
      .versions = {{"", Algorithm::hmac_sha256}},
      .families = {{.signature = "X-Webhook-Signature", .timestamp = "X-Webhook-Timestamp"}},
      .format = {.encoding = SignatureEncoding::hex, .prefix = "sha256=", .prefix_required = false},
      .signed_content = std::move(signed_content),
      .timestamp = TimestampForm::seconds_or_iso8601,
      .id_header = "X-Webhook-Id",
      .type_header = "X-Webhook-Event",
  };
}

}  // namespace

std::vector<Scheme> timestamp_header() {
  return {
      slack(),
      generic("generic",
              {{Segment::Kind::timestamp}, {Segment::Kind::literal, "."}, {Segment::Kind::body}}),
      // The age is checked, but nothing signs the time: a replay can carry a new one.
      generic("generic-body", {{Segment::Kind::body}})};
}

}  // namespace webhookcore::schemes
