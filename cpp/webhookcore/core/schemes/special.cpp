// Section 1d: most of these have a function of core/special/ that finds their signature.
// The row says what differs between the providers of one function.
#include "webhookcore/core/schemes/built_in.h"

namespace webhookcore::schemes {
namespace {

Scheme form_signature(std::string name, std::string header) {
  return {
      .name = std::move(name),
      .versions = only(Algorithm::hmac_sha1),
      .families = {{.signature = std::move(header)}},
      .format = base64(),
      .special = SpecialContent::twilio,
  };
}

Scheme twilio() { return form_signature("twilio", "X-Twilio-Signature"); }

Scheme mandrill() {
  Scheme scheme = form_signature("mandrill", "X-Mandrill-Signature");
  scheme.settings = {{"url", "as_given"}};
  return scheme;
}

// Covers the time and a token, and nothing of the event.
Scheme mailgun() {
  return {
      .name = "mailgun",
      .versions = only(Algorithm::hmac_sha256),
      .families = {},
      .format = hex(),
      .timestamp = TimestampForm::seconds,
      .timestamp_field = "signature.timestamp",
      .special = SpecialContent::mailgun,
  };
}

Scheme adyen() {
  return {
      .name = "adyen",
      .versions = only(Algorithm::hmac_sha256),
      .key = {.form = KeyForm::hex},
      .families = {},
      .format = base64(),
      .special = SpecialContent::adyen,
  };
}

// The version is what the message says; a sender signs by the first.
Scheme aws_sns() {
  return {
      .name = "aws-sns",
      .versions = {{"2", Algorithm::rsa_sha256}, {"1", Algorithm::rsa_sha1}},
      .key = {.form = KeyForm::public_key},
      .families = {},
      .format = base64(),
      .special = SpecialContent::aws_sns,
      .settings = {{"certificate_url",
                    "https://sns.us-east-1.amazonaws.com/SimpleNotificationService.pem"}},
  };
}

// The body is covered by a CRC-32 alone, which anybody can make another body fit.
Scheme paypal() {
  return {
      .name = "paypal",
      .versions = only(Algorithm::rsa_sha256),
      .key = {.form = KeyForm::public_key},
      .families = {{.signature = "PAYPAL-TRANSMISSION-SIG",
                    .timestamp = "PAYPAL-TRANSMISSION-TIME",
                    .id = "PAYPAL-TRANSMISSION-ID"}},
      .format = base64(),
      .signed_content = content("{id}|{timestamp}|{setting:webhook_id}|{body_crc32}"),
      .timestamp = TimestampForm::iso8601,
      .special = SpecialContent::paypal,
      .settings = {{"certificate_url", ""}},  // Where a sender says that its key is.
      .needs = {"webhook_id"},
  };
}

Scheme signed_header_list(std::string name, std::vector<Version> versions) {
  return {
      .name = std::move(name),
      .versions = std::move(versions),
      .families = {{.signature = "X-Hook0-Signature"}},
      .format = {.encoding = SignatureEncoding::hex, .timestamp_tag = "t"},
      .timestamp = TimestampForm::seconds,
      .special = SpecialContent::hook0,
      .id_header = "X-Event-Id",
      .type_header = "X-Event-Type",
  };
}

// A v0 alone is accepted here, because old subscriptions send nothing else.
Scheme hook0() {
  return signed_header_list("hook0",
                            {{"v1", Algorithm::hmac_sha256}, {"v0", Algorithm::hmac_sha256}});
}

Scheme coinbase_cdp() {
  return signed_header_list("coinbase-cdp", {{"v1", Algorithm::hmac_sha256}});
}

// The primitive: who signed, over whatever claims. Neither its times nor a body's hash
// are looked for, unless a copy of the row says so.
Scheme jws_es256() {
  return {
      .name = "jws-es256",
      .versions = only(Algorithm::ecdsa_p256_raw),
      .key = {.form = KeyForm::public_key},
      .families = {{.signature = "Plaid-Verification"}},
      .format = {.encoding = SignatureEncoding::base64url},
      .special = SpecialContent::jws,
      .settings = {{"body_hash_claim", ""},
                   {"body_hash_required", "0"},
                   {"check_expiry", "0"},
                   {"kid", ""}},  // What a sender calls its key.
  };
}

Scheme plaid() {
  Scheme scheme = jws_es256();
  scheme.name = "plaid";
  scheme.timestamp = TimestampForm::seconds;
  scheme.timestamp_field = "iat";  // Of the token, not of the body.
  scheme.settings = {{"body_hash_claim", "request_body_sha256"},
                     {"body_hash_required", "1"},
                     {"check_expiry", "1"},
                     {"kid", ""}};
  return scheme;
}

// Its requests without a body carry no hash of one.
Scheme vonage_jwt() {
  return {
      .name = "vonage-jwt",
      .versions = only(Algorithm::hmac_sha256),
      .families = {{.signature = "Authorization"}},
      .format = {.encoding = SignatureEncoding::base64url, .prefix = "Bearer "},
      .special = SpecialContent::jws,
      .settings = {{"body_hash_claim", "payload_hash"},
                   {"body_hash_required", "0"},
                   {"check_expiry", "1"},
                   {"kid", ""}},
  };
}

Scheme rfc9421() {
  return {
      .name = "rfc9421",
      .versions = {{"hmac-sha256", Algorithm::hmac_sha256},
                   {"ed25519", Algorithm::ed25519},
                   {"ecdsa-p256-sha256", Algorithm::ecdsa_p256_raw},
                   {"rsa-pss-sha512", Algorithm::rsa_pss_sha512},
                   {"rsa-v1_5-sha256", Algorithm::rsa_sha256}},
      .key = {.form = KeyForm::base64},
      .families = {{.signature = "Signature"}},
      .format = base64(),
      .timestamp = TimestampForm::seconds,
      .timestamp_field = "created",  // Of the signature's parameters.
      .special = SpecialContent::rfc9421,
      .settings = {{"required", "@method @target-uri|@path content-digest"},
                   {"require_created", ""},
                   {"label", ""},   // Which signature, where there are several.
                   {"tag", ""},     // The one that it must carry.
                   {"status", ""},  // Of a response.
                   {"keyid", ""}},  // What a sender calls its key.
  };
}

// A hash of the secret and the content, which is no HMAC: whoever has seen one can sign
// a longer content. Nobody gets these who has not named them.
Scheme hubspot(std::string name, std::string_view signed_content) {
  return {
      .name = std::move(name),
      .versions = only(Algorithm::secret_sha256),
      .families = {{.signature = "X-HubSpot-Signature"}},
      .format = hex(),
      .signed_content = content(signed_content),
  };
}

}  // namespace

std::vector<Scheme> special() {
  return {twilio(),
          mandrill(),
          mailgun(),
          adyen(),
          aws_sns(),
          paypal(),
          hook0(),
          coinbase_cdp(),
          jws_es256(),
          plaid(),
          vonage_jwt(),
          rfc9421(),
          hubspot("hubspot-v1", "{body}"),
          hubspot("hubspot-v2", "{method}{url}{body}")};
}

}  // namespace webhookcore::schemes
