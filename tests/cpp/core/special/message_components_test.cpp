#include "webhookcore/core/special/message_components.h"
#include "catch.h"
#include "webhookcore/core/special/content_digest.h"
#include "webhookcore/core/special/signature_base.h"

using namespace webhookcore;
using namespace webhookcore::special;

namespace {

std::string text_of(const std::variant<std::string, Reason>& value) {
  const auto* reason = std::get_if<Reason>(&value);
  return reason != nullptr ? "refused: " + std::string(to_string(*reason))
                           : std::get<std::string>(value);
}

std::string component(const std::string& identifier, const MessageView& message) {
  const std::string text = "a=" + identifier;  // What the members are views into.
  const auto members = parse_dictionary(text);
  if (!members) return "unreadable";
  FieldItem item = members->front().items.front();
  item.parameters = members->front().parameters;
  return text_of(component_value(item, message));
}

std::string of_url(const std::string& identifier, std::string_view url) {
  return component(identifier, {.method = "POST", .url = url, .status = {}, .headers = {}});
}

std::string of_headers(const std::string& identifier, const std::vector<Header>& headers) {
  return component(identifier,
                   {.method = "POST", .url = "https://a/", .status = {}, .headers = headers});
}

}  // namespace

// RFC 9421, section 2.2, has these values.
TEST_CASE("a URL's components are those of RFC 9421") {
  const std::string url = "https://www.Example.com:443/path?param=value&foo=bar&baz=batman&qux=";
  CHECK(of_url("\"@method\"", url) == "POST");
  CHECK(of_url("\"@target-uri\"", url) == url);
  CHECK(of_url("\"@authority\"", url) == "www.example.com");
  CHECK(of_url("\"@scheme\"", url) == "https");
  CHECK(of_url("\"@path\"", url) == "/path");
  CHECK(of_url("\"@query\"", url) == "?param=value&foo=bar&baz=batman&qux=");
  CHECK(of_url("\"@request-target\"", url) == "/path?param=value&foo=bar&baz=batman&qux=");
  CHECK(of_url("\"@query-param\";name=\"baz\"", url) == "batman");
  CHECK(of_url("\"@query-param\";name=\"qux\"", url) == "");
}

TEST_CASE("a URL without a path has the path \"/\", one without a query the query \"?\"") {
  CHECK(of_url("\"@path\"", "https://a") == "/");
  CHECK(of_url("\"@path\"", "https://a?b") == "/");
  CHECK(of_url("\"@request-target\"", "https://a?b") == "/?b");
  CHECK(of_url("\"@query\"", "https://a/") == "?");
  CHECK(of_url("\"@query\"", "https://a/?") == "?");
  CHECK(of_url("\"@query\"", "https://a/?b#c?d") == "?b");
  CHECK(of_url("\"@authority\"", "HTTP://u:p@A.com:80/") == "a.com");
  CHECK(of_url("\"@authority\"", "http://a.com:443") == "a.com:443");
  CHECK(of_url("\"@authority\"", "https://[::1]:8443/") == "[::1]:8443");
}

// RFC 9421, section 2.2.8.
TEST_CASE("a query's parameter is decoded and encoded again in one way") {
  const std::string url =
      "https://a/parameters?var=this%20is%20a%20big%0Amultiline%20value&"
      "bar=with+plus+whitespace&fa%C3%A7ade%22%3A%20=something";
  CHECK(of_url("\"@query-param\";name=\"var\"", url) == "this%20is%20a%20big%0Amultiline%20value");
  CHECK(of_url("\"@query-param\";name=\"bar\"", url) == "with%20plus%20whitespace");
  CHECK(of_url("\"@query-param\";name=\"fa%C3%A7ade%22%3A%20\"", url) == "something");
  CHECK(of_url("\"@query-param\";name=\"x\"", url) == "refused: missing_header");
  CHECK(of_url("\"@query-param\";name=\"a\"", "https://a/?a=1&a=2") == "refused: malformed_header");
  CHECK(of_url("\"@query-param\"", url) == "refused: malformed_header");
  CHECK(of_url("\"@query-param\";name=var", url) == "refused: malformed_header");
  CHECK(of_url("\"@query-param\";name=\"var\";req", url) == "refused: malformed_header");
}

TEST_CASE("a header's values are trimmed and joined") {
  CHECK(of_headers("\"a\"", {{"A", " 1 \t"}, {"b", "x"}, {"a", ""}, {"a", "2,3"}}) == "1, , 2,3");
  CHECK(of_headers("\"a\"", {}) == "refused: missing_header");
  CHECK(of_headers("\"a\"", {{"a", "1\n\"@method\": GET"}}) == "refused: malformed_header");
  CHECK(of_headers("\"a\"", {{"a", "", false}}) == "refused: malformed_header");
  CHECK(of_headers("\"A\"", {{"a", "1"}}) == "refused: malformed_header");
  CHECK(of_headers("\"a b\"", {{"a b", "1"}}) == "refused: malformed_header");
  for (const char* parameter : {"sf", "bs", "req", "tr", "key=\"x\"", "name=\"x\""}) {
    CAPTURE(parameter);
    CHECK(of_headers("\"a\";" + std::string(parameter), {{"a", "1"}}) ==
          "refused: unsupported_version");
  }
}

TEST_CASE("what is no component, or of something unknown, has no value") {
  CHECK(of_url("\"\"", "https://a") == "refused: malformed_header");
  CHECK(of_url("method", "https://a") == "refused: malformed_header");
  CHECK(of_url("\"@signature-params\"", "https://a") == "refused: malformed_header");
  CHECK(of_url("\"@other\"", "https://a") == "refused: malformed_header");
  CHECK(of_url("\"@path\"", "") == "refused: signature_mismatch");
  CHECK(of_url("\"@path\"", "https://a/" + std::string(8182, 'x')).size() == 8183);
  CHECK(of_url("\"@path\"", "https://a/" + std::string(8183, 'x')) ==
        "refused: signature_mismatch");
  CHECK(of_url("\"@status\"", "https://a") == "refused: signature_mismatch");
  CHECK(of_url("\"@path\"", "https://a/x\ny") == "refused: malformed_header");
  CHECK(component("\"@status\"", {.method = "", .url = "", .status = "200", .headers = {}}) ==
        "200");
}

TEST_CASE("a component stands in a signature once") {
  const auto base = [](const std::string& text) {
    const auto members = parse_dictionary(text);
    if (!members) return std::string("unreadable");
    return text_of(signature_base(
        members->front(),
        {.method = "POST", .url = "https://a/?b=1&c=2", .status = {}, .headers = {}}));
  };
  CHECK(base("s=()") == "\"@signature-params\": ()");
  CHECK(base(R"(s=("@query-param";name="b" "@query-param";name="c");x=1)") ==
        "\"@query-param\";name=\"b\": 1\n\"@query-param\";name=\"c\": 2\n"
        "\"@signature-params\": (\"@query-param\";name=\"b\" \"@query-param\";name=\"c\");x=1");
  CHECK(base(R"(s=("@method" "@method"))") == "refused: malformed_header");
  CHECK(base(R"(s=("@query-param";name="b" "@query-param";name="b"))") ==
        "refused: malformed_header");
}

TEST_CASE("a body's digest is checked by every hash that is known") {
  const std::string right = make_content_digest("{}");
  const std::string wrong = "sha-512=:" + std::string(86, 'A') + "==:";
  CHECK(check_content_digest(right, "{}") == std::nullopt);
  CHECK(check_content_digest(right, "[]") == Reason::body_mismatch);
  CHECK(check_content_digest("md5=:AAAA:, " + right, "{}") == std::nullopt);
  CHECK(check_content_digest(right + ", " + wrong, "{}") == Reason::body_mismatch);
  CHECK(check_content_digest("md5=:AAAA:", "{}") == Reason::body_mismatch);
  CHECK(check_content_digest("", "{}") == Reason::body_mismatch);
  CHECK(check_content_digest("sha-256=\"x\"", "{}") == Reason::malformed_header);
  CHECK(check_content_digest("sha-256=()", "{}") == Reason::malformed_header);
  CHECK(check_content_digest("sha-256=:AAAA", "{}") == Reason::malformed_header);
  CHECK(check_content_digest("sha-256=:AAAA:", "{}") == Reason::body_mismatch);
}
