#include "catch.h"
#include "core/special/special_tools.h"
#include "webhookcore/core/special/sns_url.h"

using namespace webhookcore;
using namespace webhookcore::test;

namespace {

const std::string kCertificate =
    R"(,"SigningCertURL":"https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem")";

std::string notification(const std::string& rest = kCertificate) {
  return R"({"Type":"Notification","MessageId":"m","TopicArn":"arn","Message":"a\nb","Timestamp":"t")" +
         rest + "}";
}

std::string confirmation(const std::string& url) {
  return R"({"Type":"SubscriptionConfirmation","MessageId":"m","TopicArn":"arn","Message":"x",)"
         R"("Timestamp":"t","Token":"k","SubscribeURL":")" +
         url + "\"" + kCertificate + "}";
}

std::string with_signature(std::string body, const std::string& version = "1") {
  body.pop_back();
  return body + R"(,"SignatureVersion":")" + version + R"(","Signature":"QUJD"})";
}

std::string read_sns(const std::string& body) {
  return outcome(read(scheme_named("aws-sns"), body));
}

bool sign_message_of(const std::string& body) {
  return try_to_sign(scheme_named("aws-sns"), rsa_private_key(), {.body = body, .timestamp = kNow})
      .ok();
}

}  // namespace

TEST_CASE("the fields of an SNS message are signed in their order, an absent subject not at all") {
  const Scheme scheme = scheme_named("aws-sns");
  CHECK(content_of(read(scheme, with_signature(notification()))) ==
        "Message\na\nb\nMessageId\nm\nTimestamp\nt\nTopicArn\narn\nType\nNotification\n");
  CHECK(
      content_of(read(scheme, with_signature(notification(R"(,"Subject":"")" + kCertificate)))) ==
      "Message\na\nb\nMessageId\nm\nSubject\n\nTimestamp\nt\nTopicArn\narn\nType\nNotification\n");
  CHECK(content_of(read(
            scheme, with_signature(confirmation("https://sns.eu-west-1.amazonaws.com/?a=b")))) ==
        "Message\nx\nMessageId\nm\nSubscribeURL\nhttps://sns.eu-west-1.amazonaws.com/?a=b\n"
        "Timestamp\nt\nToken\nk\nTopicArn\narn\nType\nSubscriptionConfirmation\n");
}

TEST_CASE("an SNS message is signed by RSA and verified again, whenever it comes") {
  const Scheme scheme = scheme_named("aws-sns");
  const auto message =
      must_sign(scheme, rsa_private_key(), {.body = notification(""), .timestamp = kNow});
  CHECK(message.body->find(R"("SignatureVersion":"2")") != std::string::npos);
  CHECK(message.body->find("https://sns.us-east-1.amazonaws.com/") != std::string::npos);
  CHECK(verdict_of_signed(scheme, rsa_private_key(), message, {}) == "ok");
  CHECK(verdict_of_signed(scheme, rsa_private_key(), message, {}, {},
                          kNow + std::chrono::hours(48)) == "ok");
  std::string other = *message.body;
  other.replace(other.find("arn"), 3, "Arn");
  CHECK(verdict(scheme, rsa_private_key(), {.body = other, .headers = {}}) == "signature_mismatch");
  // The version is part of what has to be right: the same bytes are no SHA-1 signature.
  other = *message.body;
  other.replace(other.find(R"("SignatureVersion":"2")"), 22, R"("SignatureVersion":"1")");
  CHECK(verdict(scheme, rsa_private_key(), {.body = other, .headers = {}}) == "signature_mismatch");
}

TEST_CASE("an SNS message says what is missing of it") {
  CHECK(read_sns(with_signature(notification())) == "ok");
  CHECK(read_sns(notification()) == "malformed_body");
  CHECK(read_sns(with_signature(notification(""))) == "malformed_body");
  CHECK(read_sns("{}") == "malformed_body");
  CHECK(read_sns("") == "malformed_body");
  CHECK(read_sns(with_signature(notification(), "3")) == "unsupported_version");
  CHECK(read_sns(with_signature(notification(), "")) == "unsupported_version");
  std::string body = with_signature(notification());
  body.replace(body.find("QUJD"), 4, "QU!D");
  CHECK(read_sns(body) == "malformed_signature");
  body = with_signature(notification());
  body.replace(body.find("Notification"), 12, "Other");
  CHECK(read_sns(body) == "malformed_body");
}

TEST_CASE("a line break in any field but the message would move the border to the next") {
  std::string body = with_signature(notification());
  body.replace(body.find(R"("arn")"), 5, R"("a\nb")");
  CHECK(read_sns(body) == "malformed_body");
  CHECK(read_sns(with_signature(notification(R"(,"Subject":"a\nTimestamp")" + kCertificate))) ==
        "malformed_body");
}

TEST_CASE(
    "a field that SNS would write as a text is refused as anything else, not turned into one") {
  for (const char* name : {"Type", "MessageId", "TopicArn", "Message", "Timestamp",
                           "SigningCertURL", "SignatureVersion", "Signature"}) {
    for (const char* value : {"true", "7", "null", "1.5", "[]", "{}"}) {
      CAPTURE(name, value);
      std::string body = with_signature(notification());
      const std::size_t begin =
          body.find("\"" + std::string(name) + "\":") + std::string_view(name).size() + 3;
      body.replace(begin, body.find('"', begin + 1) + 1 - begin, value);
      CHECK(read_sns(body) == "malformed_body");
    }
  }
  for (const char* value : {"true", "7", "1.5", "[]", "{}"}) {
    CAPTURE(value);
    const std::string with_subject = R"(,"Subject":)" + std::string(value) + kCertificate;
    CHECK(read_sns(with_signature(notification(with_subject))) == "malformed_body");
    CHECK_FALSE(sign_message_of(notification(with_subject)));
  }
  // Lambda writes an absent subject so.
  CHECK(read_sns(with_signature(notification(R"(,"Subject":null)" + kCertificate))) == "ok");
}

TEST_CASE("Lambda spells the certificate's URL its own way") {
  CHECK(read_sns(with_signature(notification(
            R"(,"SigningCertUrl":"https://sns.eu-west-1.amazonaws.com/a.pem")"))) == "ok");
  CHECK(read_sns(with_signature(
            notification(R"(,"SigningCertUrl":"https://example.com/a.pem")"))) == "untrusted_key");
}

TEST_CASE("a confirmation that leads away from SNS is refused") {
  CHECK(read_sns(with_signature(confirmation("https://sns.eu-west-1.amazonaws.com/?x"))) == "ok");
  CHECK(read_sns(with_signature(confirmation("https://example.com/?x"))) == "untrusted_key");
  CHECK(read_sns(with_signature(confirmation("http://sns.eu-west-1.amazonaws.com/?x"))) ==
        "untrusted_key");
}

TEST_CASE("only SNS itself is believed to be SNS") {
  CHECK(is_sns_url("https://sns.us-east-1.amazonaws.com"));
  CHECK(is_sns_url("https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription"));
  CHECK(is_sns_url("https://sns.cn-north-1.amazonaws.com.cn/"));
  for (const char* url : {"",
                          "https://",
                          "https://sns",
                          "sns.us-east-1.amazonaws.com",
                          "http://sns.us-east-1.amazonaws.com/",
                          "https://sns.us-east-1.amazonaws.com.evil.com/",
                          "https://sns.us-east-1.amazonaws.com.cn.evil.com/",
                          "https://evil.com/sns.amazonaws.com",
                          "https://sns.us.evil-amazonaws.com/",
                          "https://sns.us-east-1xamazonaws.com/",
                          "https://xsns.us-east-1.amazonaws.com/",
                          "https://sns.ab.amazonaws.com/",
                          "https://sns.a.b.amazonaws.com/",
                          "https://sns..amazonaws.com/",
                          "https://bucket.s3.amazonaws.com/",
                          "https://sns.us-east-1.amazonaws.com:443/",
                          "https://user@sns.us-east-1.amazonaws.com/",
                          "https://sns.us-east-1.amazonaws.com@evil.com/",
                          "https://evil.com\\@sns.us-east-1.amazonaws.com/",
                          "https://sns.us-east-1.amazonaws.com/#fragment",
                          "https://sns.us-east-1.amazonaws.com/ ",
                          "https://sns.us-east-1.amazonaws.com\\.evil.com/",
                          "https://sns.us-east-1.amazonaws.com./"}) {
    CAPTURE(url);
    CHECK_FALSE(is_sns_url(url));
  }
  CHECK(is_sns_certificate_url("https://sns.us-east-1.amazonaws.com/a.pem"));
  for (const char* path : {"", "/", "/a", "/a.pem?x", "/?a=b.pem", "/%2e.pem", "?a.pem"}) {
    CAPTURE(path);
    CHECK_FALSE(is_sns_certificate_url("https://sns.us-east-1.amazonaws.com" + std::string(path)));
  }
}
