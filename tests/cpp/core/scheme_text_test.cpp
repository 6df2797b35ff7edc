#include "webhookcore/core/scheme_text.h"

#include "catch.h"
#include "webhookcore/base/netstring.h"
#include "webhookcore/core/signer.h"

using namespace webhookcore;
using namespace std::chrono_literals;

namespace {

const TimePoint kNow{1'700'000'000s};
constexpr const char* kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

std::shared_ptr<const Scheme> read_back(const Scheme& scheme) {
  auto read = scheme_of(to_scheme_text(scheme));
  INFO(scheme.name << " " << (read.ok() ? "" : read.error().detail));
  REQUIRE(read.ok());
  return *read;
}

std::vector<std::pair<std::string, std::string>> signed_by(const Scheme& scheme) {
  auto key = parse_signing_key(scheme, kSecret);
  REQUIRE(key.ok());
  const std::vector<SigningKey> keys = [&] {
    std::vector<SigningKey> made;
    made.push_back(std::move(*key));
    return made;
  }();
  auto headers =
      sign(scheme, keys, {.body = R"({"id":7})", .id = "msg_1", .type = "a.b", .timestamp = kNow});
  REQUIRE(headers.ok());
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const OwnedHeader& header : *headers) pairs.emplace_back(header.name, header.value);
  return pairs;
}

ErrorCode refusal_of(const std::string& text) {
  const auto read = scheme_of(text);
  REQUIRE_FALSE(read.ok());
  return read.error().code;
}

}  // namespace

TEST_CASE("every built-in scheme is written as a text and read back whole") {
  for (const Scheme& scheme : built_in_schemes()) {
    CHECK(to_scheme_text(*read_back(scheme)) == to_scheme_text(scheme));
  }
}

TEST_CASE("what was read back signs as what was written") {
  for (const char* name : {"standard", "stripe", "github", "generic", "slack"}) {
    const auto scheme = find_scheme(name);
    REQUIRE(scheme);
    CHECK(signed_by(*read_back(*scheme)) == signed_by(*scheme));
  }
}

TEST_CASE("a scheme of one's own keeps each of its parts") {
  const Scheme own{.name = "acme",
                   .versions = {{"v7", Algorithm::hmac_sha512}, {"v8", Algorithm::hmac_sha1}},
                   .key = {.form = KeyForm::base64,
                           .usual_prefix = "sec_",
                           .prefixes = {"sec_", "key_"},
                           .unprefixed_form = KeyForm::hex,
                           .ed25519_by_prefix = true},
                   .families = {{"X-Sig", "X-Time", "X-Id"}, {"Y-Sig-", "", "", true}},
                   .format = {.encoding = SignatureEncoding::base64url,
                              .prefix = "p=",
                              .prefix_required = false,
                              .item_separator = ' ',
                              .pair_separator = ',',
                              .space_after_separator = true,
                              .timestamp_tag = "t",
                              .strict_items = true},
                   .timestamp = TimestampForm::milliseconds,
                   .tolerance = 42s,
                   .timestamp_field = "a.b",
                   .signs_challenges = true,
                   .settings = {{"one", "1"}, {"two", "a,b:c"}},
                   .needs = {"one"},
                   .weaker_signature_header = "X-Weak",
                   .id_header = "X-Own-Id",
                   .type_header = "X-Type",
                   .type_suffix_field = "action"};
  const std::string text = to_scheme_text(own);
  for (const char* part : {"v7",       "hmac-sha512", "v8",    "hmac-sha1", "b64",   "sec_",
                           "key_",     "hex",         "X-Sig", "X-Time",    "X-Id",  "Y-Sig-",
                           "b64url",   "p=",          "42000", "a.b",       "a,b:c", "X-Weak",
                           "X-Own-Id", "X-Type",      "action"}) {
    INFO(part);
    CHECK(text.find(part) != std::string::npos);
  }
}

TEST_CASE("a name stands for its built-in scheme, and an unknown one for none") {
  CHECK(*scheme_of("github") == find_scheme("github"));
  CHECK(refusal_of("no-such-scheme") == ErrorCode::config);
  CHECK_FALSE(is_scheme_text("github"));
}

TEST_CASE("a text that is damaged, impossible or of a newer version is refused") {
  const std::string sound = to_scheme_text(*find_scheme("github"));
  CHECK(refusal_of(sound.substr(0, sound.size() - 1)) == ErrorCode::config);
  CHECK(refusal_of("scheme:") == ErrorCode::config);
  CHECK(refusal_of(sound + encode_list({"salt", "1"})) == ErrorCode::config);
  CHECK(refusal_of(sound + encode_list({"enc", "rot13"})) == ErrorCode::config);
  CHECK(refusal_of(sound + encode_list({"kv", "=="})) == ErrorCode::config);
  CHECK(refusal_of(sound + encode_list({"version", "v1"})) == ErrorCode::config);
  CHECK(refusal_of(sound + encode_list({"msg"})) == ErrorCode::config);
}
