// Schemes that sign a time with the body, in the order of schemes.md, section 1a. How
// sure we are of each stands in python/webhookcore/providers.py.
#include <chrono>
#include <utility>

#include "webhookcore/core/schemes/built_in.h"

namespace webhookcore::schemes {
namespace {

using std::chrono::seconds;

HeaderFamily family(const std::string& stem) {
  return {.signature = stem + "-signature", .timestamp = stem + "-timestamp", .id = stem + "-id"};
}

// Standard Webhooks 1.0.
Scheme standard(std::string name, std::vector<HeaderFamily> families) {
  return {.name = std::move(name),
          .versions = {{"v1", Algorithm::hmac_sha256}, {"v1a", Algorithm::ed25519}},
          .key = {.form = KeyForm::base64, .prefixes = {"whsec_"}, .ed25519_by_prefix = true},
          .families = std::move(families),
          .format = {.encoding = SignatureEncoding::base64,
                     .item_separator = ' ',
                     .pair_separator = ','},
          .signed_content = content("{id}.{timestamp}.{body}"),
          .timestamp = TimestampForm::seconds};
}

// Svix was there before the standard, and spells the headers another way.
Scheme svix(std::string name) {
  return standard(std::move(name), {family("svix"), family("webhook")});
}

// Without the prefix the text itself is the key; in the standard it would be base64.
Scheme openai() {
  Scheme scheme = standard("openai", {family("webhook")});
  scheme.versions.pop_back();
  scheme.key = {.form = KeyForm::base64, .prefixes = {"whsec_"}, .unprefixed_form = KeyForm::utf8};
  return scheme;
}

Scheme gitlab_signed() {
  Scheme scheme = standard("gitlab-signed", {family("webhook")});
  scheme.type_header = "X-Gitlab-Event";
  return scheme;
}

// Stripe's `v0` signs test events with a key that everybody has: it is no version.
// At ElevenLabs it is the real one.
Scheme in_list(std::string name, std::string header, std::string tag) {
  return {.name = std::move(name),
          .versions = tagged(std::move(tag)),
          .families = {{.signature = std::move(header)}},
          .format = list("t"),
          .signed_content = content("{timestamp}.{body}"),
          .timestamp = TimestampForm::seconds};
}

Scheme stripe() {
  Scheme scheme = in_list("stripe", "Stripe-Signature", "v1");
  scheme.key.usual_prefix = "whsec_";
  return scheme;
}

Scheme workos() {
  Scheme scheme = in_list("workos", "WorkOS-Signature", "v1");
  scheme.format.space_after_separator = true;
  scheme.timestamp = TimestampForm::milliseconds;
  scheme.tolerance = seconds{180};
  return scheme;
}

Scheme paddle() {
  Scheme scheme = in_list("paddle", "Paddle-Signature", "h1");
  scheme.format = list("ts", ';');
  scheme.signed_content = content("{timestamp}:{body}");
  return scheme;
}

// Its separator is a comma where all others have a dot.
Scheme convoy_advanced() {
  Scheme scheme = in_list("convoy-advanced", "X-Convoy-Signature", "v1");
  scheme.signed_content = content("{timestamp},{body}");
  return scheme;
}

Scheme elevenlabs() {
  Scheme scheme = in_list("elevenlabs", "ElevenLabs-Signature", "v0");
  scheme.tolerance = seconds{1800};
  return scheme;
}

// `v=1700000000000,d=5257a8…`, and the body goes first.
Scheme retell() {
  Scheme scheme = in_list("retell", "X-Retell-Signature", "d");
  scheme.format = list("v");
  scheme.signed_content = content("{body}{timestamp}");
  scheme.timestamp = TimestampForm::milliseconds;
  return scheme;
}

Scheme generic_list(std::string name, std::string tag) {
  Scheme scheme = in_list(std::move(name), "X-Webhook-Signature", std::move(tag));
  scheme.id_header = "X-Webhook-Id";
  scheme.type_header = "X-Webhook-Event";
  return scheme;
}

// One signature in one header and its time in another.
Scheme pair(std::string name, HeaderFamily headers, SignatureFormat format,
            std::string_view signed_content) {
  return {.name = std::move(name),
          .versions = only(Algorithm::hmac_sha256),
          .families = {std::move(headers)},
          .format = std::move(format),
          .signed_content = content(signed_content),
          .timestamp = TimestampForm::seconds};
}

Scheme zendesk() {
  Scheme scheme = pair("zendesk",
                       {.signature = "X-Zendesk-Webhook-Signature",
                        .timestamp = "X-Zendesk-Webhook-Signature-Timestamp"},
                       base64(), "{timestamp}{body}");
  scheme.timestamp = TimestampForm::iso8601;
  return scheme;
}

Scheme twitch() {
  Scheme scheme = pair("twitch",
                       {.signature = "Twitch-Eventsub-Message-Signature",
                        .timestamp = "Twitch-Eventsub-Message-Timestamp",
                        .id = "Twitch-Eventsub-Message-Id"},
                       hex("sha256="), "{id}{timestamp}{body}");
  scheme.timestamp = TimestampForm::iso8601;
  scheme.tolerance = seconds{600};
  scheme.type_header = "Twitch-Eventsub-Subscription-Type";
  return scheme;
}

Scheme hubspot_v3() {
  Scheme scheme =
      pair("hubspot-v3",
           {.signature = "X-HubSpot-Signature-v3", .timestamp = "X-HubSpot-Request-Timestamp"},
           base64(), "{method}{decoded_url}{body}{timestamp}");
  scheme.timestamp = TimestampForm::milliseconds;
  return scheme;
}

Scheme discord() {
  Scheme scheme =
      pair("discord", {.signature = "X-Signature-Ed25519", .timestamp = "X-Signature-Timestamp"},
           hex(), "{timestamp}{body}");
  scheme.versions = only(Algorithm::ed25519);
  scheme.key = {.form = KeyForm::hex};
  return scheme;
}

// The bytes between the events of a batch, and a line break at its end, are signed too.
Scheme sendgrid() {
  Scheme scheme = pair("sendgrid",
                       {.signature = "X-Twilio-Email-Event-Webhook-Signature",
                        .timestamp = "X-Twilio-Email-Event-Webhook-Timestamp"},
                       base64(), "{timestamp}{body}");
  scheme.versions = only(Algorithm::ecdsa_p256);
  scheme.key = {.form = KeyForm::public_key};
  return scheme;
}

Scheme fal() {
  Scheme scheme = pair("fal",
                       {.signature = "X-Fal-Webhook-Signature",
                        .timestamp = "X-Fal-Webhook-Timestamp",
                        .id = "X-Fal-Webhook-Request-Id"},
                       hex(), "{id}\n{header:X-Fal-Webhook-User-Id}\n{timestamp}\n{body_sha256}");
  scheme.versions = only(Algorithm::ed25519);
  scheme.key = {.form = KeyForm::public_key};
  scheme.settings = {{"keys_url", "https://rest.alpha.fal.ai/.well-known/jwks.json"}};
  return scheme;
}

Scheme close() {
  Scheme scheme = pair("close", {.signature = "Close-Sig-Hash", .timestamp = "Close-Sig-Timestamp"},
                       hex(), "{timestamp}{body}");
  scheme.key.form = KeyForm::hex;
  return scheme;
}

// The body is not signed at all.
Scheme mailomat() {
  Scheme scheme = pair("mailomat",
                       {.signature = "X-MOM-Webhook-Signature",
                        .timestamp = "X-MOM-Webhook-Timestamp",
                        .id = "X-MOM-Webhook-Id"},
                       hex("sha256="), "{id}.{header:X-MOM-Webhook-Event}.{timestamp}");
  scheme.type_header = "X-MOM-Webhook-Event";
  return scheme;
}

// No delimiters: bytes can move between event, id and body, so the three are used as
// one alone. The hash is ours, not the one that the header names.
Scheme symfony() {
  return {.name = "symfony",
          .versions = only(Algorithm::hmac_sha256),
          .families = {{.signature = "Webhook-Signature", .id = "Webhook-Id"}},
          .format = hex("sha256="),
          .signed_content = content("{header:Webhook-Event}{id}{body}"),
          .type_header = "Webhook-Event"};
}

Scheme scalr() {
  Scheme scheme =
      pair("scalr", {.signature = "X-Signature", .timestamp = "Date"}, hex(), "{body}{timestamp}");
  scheme.versions = only(Algorithm::hmac_sha1);
  scheme.timestamp = TimestampForm::http_date;
  return scheme;
}

Scheme generic(std::string name, std::string_view signed_content) {
  Scheme scheme = pair(
      std::move(name), {.signature = "X-Webhook-Signature", .timestamp = "X-Webhook-Timestamp"},
      {.encoding = SignatureEncoding::hex, .prefix = "sha256=", .prefix_required = false},
      signed_content);
  scheme.timestamp = TimestampForm::seconds_or_iso8601;
  scheme.id_header = "X-Webhook-Id";
  scheme.type_header = "X-Webhook-Event";
  return scheme;
}

}  // namespace

std::vector<Scheme> timestamped() {
  return {
      standard("standard", {family("webhook")}),
      svix("svix"),
      svix("clerk"),
      svix("resend"),
      svix("brex"),
      svix("replicate"),
      svix("recall"),
      openai(),
      gitlab_signed(),
      stripe(),
      in_list("calendly", "Calendly-Webhook-Signature", "v1"),
      workos(),
      paddle(),
      pair("slack", {.signature = "X-Slack-Signature", .timestamp = "X-Slack-Request-Timestamp"},
           hex("v0="), "v0:{timestamp}:{body}"),
      pair("zoom", {.signature = "X-Zm-Signature", .timestamp = "X-Zm-Request-Timestamp"},
           hex("v0="), "v0:{timestamp}:{body}"),
      zendesk(),
      twitch(),
      hubspot_v3(),
      discord(),
      sendgrid(),
      fal(),
      convoy_advanced(),
      in_list("tiktok", "TikTok-Signature", "s"),
      elevenlabs(),
      close(),
      retell(),
      mailomat(),
      symfony(),
      scalr(),
      generic("generic", "{timestamp}.{body}"),
      // The age is checked, but nothing signs the time: a replay can carry a new one.
      generic("generic-body", "{body}"),
      generic_list("generic-t-s", "s"),
      generic_list("generic-t-v1", "v1"),
  };
}

}  // namespace webhookcore::schemes
