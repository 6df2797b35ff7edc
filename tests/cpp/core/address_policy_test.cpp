#include "webhookcore/core/address_policy.h"

#include <simdjson.h>

#include "catch.h"

using namespace webhookcore;

namespace {

IpAddress ip(std::string_view text) {
  const auto address = parse_ip(text);
  INFO(text);
  REQUIRE(address);
  return *address;
}

AddressPolicy allowing(std::initializer_list<std::string_view> networks) {
  AddressPolicy policy{.allow_http = true};
  for (const std::string_view text : networks) {
    auto network = parse_cidr(text);
    REQUIRE(network.ok());
    policy.allow.push_back(*network);
  }
  return policy;
}

ErrorCode refusal(const AddressPolicy& policy, std::string_view host) {
  const auto checked = check_host(policy, host);
  INFO(host);
  REQUIRE_FALSE(checked.ok());
  return checked.error().code;
}

std::string normal(const AddressPolicy& policy, std::string_view host) {
  const auto checked = check_host(policy, host);
  INFO(host);
  REQUIRE(checked.ok());
  return checked->normal;
}

}  // namespace

TEST_CASE("addresses are read in their strict forms alone") {
  CHECK(to_string(ip("1.2.3.4")) == "1.2.3.4");
  CHECK(to_string(ip("255.255.255.255")) == "255.255.255.255");
  for (const std::string_view text : {"",
                                      "1.2.3",
                                      "1.2.3.4.5",
                                      "01.2.3.4",
                                      "1.2.3.256",
                                      "1.2.3.-4",
                                      "0x7f.0.0.1",
                                      "1.2.3.4 ",
                                      "1..3.4",
                                      "1.2.3.",
                                      ":",
                                      ":::",
                                      "1:2:3",
                                      "1::2::3",
                                      "1:2:3:4:5:6:7:8:9",
                                      "1:2:3:4:5:6:7::8",
                                      "12345::",
                                      "g::1",
                                      "::1%lo",
                                      "[::1]",
                                      "::1.2.3",
                                      "1.2.3.4::",
                                      "::1.2.3.4:5",
                                      "1:2:3:4:5:6:7:1.2.3.4",
                                      "::ffff:01.2.3.4",
                                      "1:",
                                      ":1",
                                      "::1:"}) {
    INFO(text);
    CHECK_FALSE(parse_ip(text));
  }
}

TEST_CASE("IPv6 is written in its one short form") {
  CHECK(to_string(ip("::")) == "::");
  CHECK(to_string(ip("0:0:0:0:0:0:0:1")) == "::1");
  CHECK(to_string(ip("2001:DB8:0:0:1:0:0:1")) == "2001:db8::1:0:0:1");
  CHECK(to_string(ip("1:0:0:2:0:0:0:3")) == "1:0:0:2::3");
  CHECK(to_string(ip("1:0:2:3:4:5:6:7")) == "1:0:2:3:4:5:6:7");
  CHECK(to_string(ip("1:2:3:4:5:6:7::")) == "1:2:3:4:5:6:7:0");
  CHECK(to_string(ip("1::")) == "1::");
  CHECK(to_string(ip("::ffff:127.0.0.1")) == "::ffff:7f00:1");
  CHECK(to_string(ip("64:ff9b::8.8.8.8")) == "64:ff9b::808:808");
}

TEST_CASE("a network has no host bits and a length that fits") {
  CHECK(parse_cidr("10.0.0.0/8")->prefix_length == 8);
  CHECK(parse_cidr("10.1.2.3")->prefix_length == 32);
  CHECK(parse_cidr("::/0")->prefix_length == 0);
  CHECK(parse_cidr("fd00::1")->prefix_length == 128);
  for (const std::string_view text :
       {"10.0.0.1/8", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/08", "10.0.0.0/-1", "10/8",
        "", "/8", "fd00::1/64", "example.com", "10.0.0.0/8/8"}) {
    INFO(text);
    const auto network = parse_cidr(text);
    REQUIRE_FALSE(network.ok());
    CHECK(network.error().code == ErrorCode::config);
  }
}

TEST_CASE("a network contains its first and last address and not its neighbours") {
  const Cidr network = *parse_cidr("172.16.0.0/12");
  CHECK(contains(network, ip("172.16.0.0")));
  CHECK(contains(network, ip("172.31.255.255")));
  CHECK_FALSE(contains(network, ip("172.15.255.255")));
  CHECK_FALSE(contains(network, ip("172.32.0.0")));
  CHECK_FALSE(contains(network, ip("::ffff:172.16.0.1")));
  CHECK(contains(*parse_cidr("::/0"), ip("2606:4700::1")));
}

TEST_CASE("each network of the IPv4 table is denied from end to end, its neighbours are not") {
  struct Row {
    std::string_view below, first, last, above;  // Empty: the neighbour is denied as well.
  };
  const std::vector<Row> rows = {
      {"", "0.0.0.0", "0.255.255.255", "1.0.0.0"},
      {"9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0"},
      {"100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0"},
      {"126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0"},
      {"168.63.129.15", "168.63.129.16", "168.63.129.16", "168.63.129.17"},
      {"169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0"},
      {"172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0"},
      {"191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0"},
      {"192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0"},
      {"192.31.195.255", "192.31.196.0", "192.31.196.255", "192.31.197.0"},
      {"192.52.192.255", "192.52.193.0", "192.52.193.255", "192.52.194.0"},
      {"192.88.98.255", "192.88.99.0", "192.88.99.255", "192.88.100.0"},
      {"192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0"},
      {"192.175.47.255", "192.175.48.0", "192.175.48.255", "192.175.49.0"},
      {"198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0"},
      {"198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0"},
      {"203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0"},
      {"223.255.255.255", "224.0.0.0", "255.255.255.255", ""},
  };
  const AddressPolicy policy;
  for (const Row& row : rows) {
    INFO(row.first);
    CHECK(denied_because(policy, ip(row.first)));
    CHECK(denied_because(policy, ip(row.last)));
    if (!row.below.empty()) CHECK_FALSE(denied_because(policy, ip(row.below)));
    if (!row.above.empty()) CHECK_FALSE(denied_because(policy, ip(row.above)));
  }
}

TEST_CASE("of IPv6 only global unicast is allowed, and not all of it") {
  const AddressPolicy policy;
  for (const std::string_view text :
       {"2606:4700:4700::1111", "2003::1", "2400::", "3ffd:ffff::1",
        "2001:200::", "2001:db9::", "2620:4f:8001::", "2000::1", "3fff:1000::", "3ffe:ffff::1"}) {
    INFO(text);
    CHECK(denied_because(policy, ip(text)).has_value() == (text == "3ffe:ffff::1"));
  }
  for (const std::string_view text : {"::",
                                      "::1",
                                      "::ffff:8.8.8.8",
                                      "::8.8.8.8",
                                      "64:ff9b::808:808",
                                      "64:ff9b:1::1",
                                      "100::1",
                                      "1fff:ffff::",
                                      "2001::1",
                                      "2001:1ff:ffff::",
                                      "2001:db8::1",
                                      "2002:808:808::",
                                      "2620:4f:8000::1",
                                      "3ffe::",
                                      "3fff::1",
                                      "3fff:fff:ffff::",
                                      "4000::",
                                      "5f00::1",
                                      "fc00::1",
                                      "fdff::1",
                                      "fe80::1",
                                      "fec0::1",
                                      "ff02::1",
                                      "ffff::"}) {
    INFO(text);
    CHECK(denied_because(policy, ip(text)));
  }
}

TEST_CASE("the reason names what the address is") {
  const AddressPolicy policy;
  CHECK(denied_because(policy, ip("127.0.0.1")) == "loopback");
  CHECK(denied_because(policy, ip("::1")) == "loopback");
  CHECK(denied_because(policy, ip("192.168.1.1")) == "private network");
  CHECK(denied_because(policy, ip("169.254.1.1")) == "link-local");
  CHECK(denied_because(policy, ip("169.254.169.254")) == "cloud metadata");
  CHECK(denied_because(policy, ip("::ffff:10.0.0.1")) == "IPv4-mapped");
  CHECK(denied_because(policy, ip("4000::1")) == "not global unicast");
}

TEST_CASE("the allow-list opens what it names and no more") {
  const AddressPolicy policy = allowing({"127.0.0.0/8", "10.1.0.0/16", "fd00::/8"});
  CHECK_FALSE(denied_because(policy, ip("127.0.0.1")));
  CHECK_FALSE(denied_because(policy, ip("127.255.0.1")));
  CHECK_FALSE(denied_because(policy, ip("10.1.255.255")));
  CHECK_FALSE(denied_because(policy, ip("fd12::1")));
  CHECK(denied_because(policy, ip("10.2.0.0")));
  CHECK(denied_because(policy, ip("::1")));
  CHECK(denied_because(policy, ip("::ffff:127.0.0.1")));
}

TEST_CASE("cloud metadata stays denied whatever is allowed, in every disguise") {
  const AddressPolicy policy = allowing({"0.0.0.0/0", "::/0"});
  for (const std::string_view text :
       {"169.254.169.254", "169.254.170.2", "169.254.170.23", "169.254.42.42", "168.63.129.16",
        "100.100.100.200", "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254",
        "::ffff:169.254.169.254", "::169.254.169.254", "::ffff:0:169.254.169.254",
        "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1"}) {
    INFO(text);
    CHECK(denied_because(policy, ip(text)) == "cloud metadata");
  }
  CHECK_FALSE(denied_because(policy, ip("169.254.169.252")));
  CHECK_FALSE(denied_because(policy, ip("::1")));
  CHECK_FALSE(denied_because(policy, ip("::ffff:127.0.0.1")));
}

TEST_CASE("ports that browsers refuse are refused, unless the policy names its own") {
  const AddressPolicy policy;
  for (const std::uint16_t port : std::vector<std::uint16_t>{80, 443, 8080, 8443, 3000, 65535}) {
    CHECK(port_allowed(policy, port));
  }
  for (const std::uint16_t port :
       std::vector<std::uint16_t>{0, 1, 22, 25, 53, 110, 143, 587, 993, 2049, 6000, 6667, 10080}) {
    INFO(port);
    CHECK_FALSE(port_allowed(policy, port));
  }
  const AddressPolicy own{.ports = {443, 25}};
  CHECK(port_allowed(own, 443));
  CHECK(port_allowed(own, 25));
  CHECK_FALSE(port_allowed(own, 8443));
  CHECK_FALSE(port_allowed(AddressPolicy{.ports = {0}}, 0));
}

TEST_CASE("a URL's text is refused before anybody parses it") {
  const AddressPolicy policy{.allow_http = true};
  for (const std::string_view url :
       {"https://example.com", "HTTPS://Example.COM/Path?x=@%20", "http://example.com/a@b",
        "https://example.com?x=a@b", "https://[2606:4700::1]:8443/"}) {
    INFO(url);
    CHECK(check_url_text(policy, url).ok());
  }
  for (const std::string_view url :
       {"", "example.com", "ftp://example.com/", "https:example.com", "https:/example.com",
        "https:///example.com", "https://", "https://?", " https://example.com/",
        "https://example.com/ ", "https://example.com/\n", "https://example.com/\x7f",
        "https://example.com\\@127.0.0.1/", "https://a@example.com/", "https://a:b@example.com/",
        "https://example.com/#x", "https://ex%61mple.com/", "https://[fe80::1%25lo]/"}) {
    INFO(url);
    const auto checked = check_url_text(policy, url);
    REQUIRE_FALSE(checked.ok());
    CHECK(checked.error().code == ErrorCode::invalid_url);
  }
  CHECK_FALSE(check_url_text(policy, std::string_view("https://example.com/\0x", 22)).ok());
  const std::string head = "https://example.com/";
  CHECK(check_url_text(policy, head + std::string(8192 - head.size(), 'a')).ok());
  CHECK_FALSE(check_url_text(policy, head + std::string(8193 - head.size(), 'a')).ok());
}

TEST_CASE("http is refused unless the policy allows it") {
  CHECK_FALSE(check_url_text(AddressPolicy{}, "http://example.com/").ok());
  CHECK(check_url_text(AddressPolicy{}, "https://example.com/").ok());
}

TEST_CASE("a host name has one normal form") {
  const AddressPolicy policy;
  CHECK(normal(policy, "Hooks.Example.COM") == "hooks.example.com");
  CHECK(normal(policy, "hooks.example.com.") == "hooks.example.com");
  CHECK(normal(policy, "my_hooks.example.com") == "my_hooks.example.com");
  CHECK(normal(policy, "a-b--c.example.com") == "a-b--c.example.com");
  CHECK(normal(policy, "127.0.0.1.example.com") == "127.0.0.1.example.com");
  CHECK(normal(policy, "0x7f.example.com") == "0x7f.example.com");
  CHECK(normal(policy, "xn--bcher-kva.example") == "xn--bcher-kva.example");
  CHECK_FALSE(check_host(policy, "example.com")->literal);
}

TEST_CASE("a malformed host name is refused") {
  const AddressPolicy policy;
  const std::string label63(63, 'a');
  const std::string longest = label63 + "." + label63 + "." + label63 + "." + std::string(61, 'a');
  CHECK(normal(policy, longest) == longest);
  CHECK(normal(policy, longest + ".") == longest);
  for (const std::string& host : std::vector<std::string>{"",
                                                          ".",
                                                          "..",
                                                          ".example.com",
                                                          "example..com",
                                                          "example.com..",
                                                          "-1",
                                                          "127.0.0.-1",
                                                          "-a.example.com",
                                                          "a-.example.com",
                                                          "a b",
                                                          "a/b",
                                                          "a|b",
                                                          "a;b",
                                                          "a:b",
                                                          "::1",
                                                          "*",
                                                          "b\xC3\xBC"
                                                          "cher.example",
                                                          std::string("a\0b", 3),
                                                          label63 + "a.example.com",
                                                          longest + "a",
                                                          "[",
                                                          "[]",
                                                          "[::1",
                                                          "[127.0.0.1]",
                                                          "[::1%lo]",
                                                          "[::1%25lo]",
                                                          "[::1]x"}) {
    INFO(host);
    CHECK(refusal(policy, host) == ErrorCode::invalid_url);
  }
}

TEST_CASE("every legal spelling of an IPv4 address is that address") {
  const AddressPolicy open = allowing({"127.0.0.0/8"});
  for (const std::string_view host :
       {"127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0X7F.0x0.0x0.0x1",
        "0177.0.0.01", "017700000001", "00000177.1", "127.000.000.001", "127.0.0.1.",
        "2130706433."}) {
    INFO(host);
    CHECK(refusal(AddressPolicy{}, host) == ErrorCode::blocked_address);
    CHECK(normal(open, host) == "127.0.0.1");
    REQUIRE(check_host(open, host)->literal);
    CHECK(to_string(*check_host(open, host)->literal) == "127.0.0.1");
  }
  CHECK(normal(AddressPolicy{}, "134744072") == "8.8.8.8");
  CHECK(refusal(AddressPolicy{}, "0x0") == ErrorCode::blocked_address);
  CHECK(refusal(AddressPolicy{}, "0x") == ErrorCode::blocked_address);
}

TEST_CASE("a host that ends in a number and is no address is refused") {
  for (const std::string_view host :
       {"1.2.3.4.5", "127.0.0.256", "4294967296", "0x100000000", "0x17f000001", "0x7g.0.0.1",
        "08.8.8.8", "256.1.1.1", "1.16777216", "1.1.65536", "example.1", "example.0x1",
        "example.0xg", "a.09", "1.2.3.4.5.", "99999999999999999999999999999999999999"}) {
    INFO(host);
    CHECK(refusal(AddressPolicy{}, host) == ErrorCode::invalid_url);
  }
}

TEST_CASE("an IPv6 literal is judged in its brackets") {
  CHECK(normal(AddressPolicy{}, "[2606:4700:4700:0::1111]") == "2606:4700:4700::1111");
  CHECK(refusal(AddressPolicy{}, "[::1]") == ErrorCode::blocked_address);
  CHECK(normal(allowing({"::1"}), "[::1]") == "::1");
  CHECK(refusal(allowing({"127.0.0.0/8"}), "[::1]") == ErrorCode::blocked_address);
}

TEST_CASE("localhost is open only where a part of loopback is") {
  for (const std::string_view host : {"localhost", "LOCALHOST", "localhost.", "a.b.localhost"}) {
    INFO(host);
    CHECK(refusal(AddressPolicy{}, host) == ErrorCode::blocked_address);
    CHECK(refusal(allowing({"10.0.0.0/8"}), host) == ErrorCode::blocked_address);
    CHECK(check_host(allowing({"127.0.0.0/8"}), host).ok());
    CHECK(check_host(allowing({"127.0.0.1"}), host).ok());
    CHECK(check_host(allowing({"::1"}), host).ok());
    CHECK(check_host(allowing({"0.0.0.0/0"}), host).ok());
  }
  CHECK(check_host(AddressPolicy{}, "localhost.example.com").ok());
}

namespace {

// The part of a vector's URL that a parser would take for the host, where that
// takes no parser: everything between `//` and the next `/`, `?` or port.
std::string_view plain_host(std::string_view url) {
  std::string_view rest = url.substr(url.find("//") + 2);
  rest = rest.substr(0, rest.find_first_of("/?"));
  if (rest.front() == '[') return rest.substr(0, rest.find(']') + 1);
  return rest.substr(0, rest.find(':'));
}

bool passes(const AddressPolicy& policy, std::string_view url) {
  return check_url_text(policy, url).ok() && check_host(policy, plain_host(url)).ok();
}

}  // namespace

TEST_CASE("the rows of ssrf.jsonl that text and literal decide are decided here") {
  const AddressPolicy policy{.allow_http = true};
  simdjson::dom::parser parser;
  simdjson::dom::document_stream rows;
  const std::string path = WEBHOOKCORE_TEST_VECTORS "/ssrf.jsonl";
  REQUIRE(parser.load_many(path).get(rows) == simdjson::SUCCESS);
  int checked = 0;
  for (auto row : rows) {
    const std::string url{static_cast<std::string_view>(row["url"])};
    const std::string_view layer = row["layer"];
    const std::string_view expected = row["expect"];
    INFO(url << " (" << layer << ")");
    const bool decided_by_text = layer == "address" || layer == "scheme" || layer == "charset" ||
                                 layer == "userinfo" || layer == "fragment" || layer == "zone" ||
                                 layer == "localhost" || layer == "host" || layer == "length" ||
                                 layer == "host-numeric" || layer == "host-percent";
    if (decided_by_text) {
      CHECK(passes(policy, url) == (expected == "allow"));
      ++checked;
    } else if (layer == "resolve" && expected == "allow") {
      CHECK(passes(policy, url));
      ++checked;
    }
  }
  CHECK(checked > 160);
}
