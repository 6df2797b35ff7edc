// No URL, answer, redirect or open connection leads to a denied address.

#include <simdjson.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "catch.h"
#include "support/loopback_server.h"
#include "support/transport_harness.h"
#include "webhookcore/transport/address_guard.h"
#include "webhookcore/transport/multi_transport.h"

using namespace webhookcore;        // NOLINT(google-build-using-namespace)
using namespace webhookcore::test;  // NOLINT(google-build-using-namespace)

namespace {

using Addresses = std::vector<std::string>;

struct SsrfRow {
  std::string url;
  bool allowed = false;
  std::string reason;
  std::string stage;
  std::string category;
  std::string location;
  std::vector<Addresses> answers;  // One list per question; empty: the host is no name.
  int status = 0;
};

std::string text(const simdjson::dom::element& row, const char* key) {
  std::string_view value;
  return row[key].get(value) == simdjson::SUCCESS ? std::string{value} : std::string{};
}

Addresses addresses_in(simdjson::dom::array list) {
  Addresses result;
  for (const auto address : list) result.emplace_back(std::string_view{address});
  return result;
}

SsrfRow read_row(const simdjson::dom::element& row) {
  SsrfRow result;
  result.url = text(row, "url");
  result.allowed = text(row, "expect") == "allow";
  result.reason = text(row, "reason");
  result.stage = text(row, "stage");
  result.category = text(row, "cat");
  result.location = text(row, "location");
  simdjson::dom::array list;
  if (row["resolve"].get(list) == simdjson::SUCCESS) result.answers.push_back(addresses_in(list));
  if (row["resolve_seq"].get(list) == simdjson::SUCCESS) {
    for (const auto item : list) result.answers.push_back(addresses_in(item));
  }
  std::int64_t status = 0;
  if (row["status"].get(status) == simdjson::SUCCESS) result.status = static_cast<int>(status);
  return result;
}

std::vector<SsrfRow> read_rows() {
  std::ifstream file{std::string{WEBHOOKCORE_TEST_VECTORS} + "/ssrf.jsonl"};
  std::vector<SsrfRow> rows;
  simdjson::dom::parser parser;
  for (std::string line; std::getline(file, line);) rows.push_back(read_row(parser.parse(line)));
  return rows;
}

AddressPolicy outside_policy() {
  AddressPolicy policy;
  policy.allow_http = true;  // As the corpus says: the address is what decides.
  return policy;
}

std::vector<IpAddress> parsed(const Addresses& texts) {
  std::vector<IpAddress> result;
  for (const std::string& address : texts) result.push_back(parse_ip(address).value());
  return result;
}

// What a client says when the endpoint is created.
bool may_register(const SsrfRow& row) {
  const auto checked = check_url(outside_policy(), row.url);
  if (!checked) return false;
  if (checked->host.literal || row.answers.empty()) return true;
  if (row.answers.front().empty()) return false;  // No address: nothing to register yet.
  const AddressGuard guard{outside_policy(), {}};
  return guard.judge_for_registration(parsed(row.answers.front())).ok();
}

// Sockets of this transport are bound to loopback, from where nothing outside can be
// reached: a public address that passes the guard fails in connect(), without a packet.
CurlOptions caged_options() {
  CurlOptions options;
  options.policy = outside_policy();
  options.interface = "127.0.0.1";
  return options;
}

// One attempt per answer; the last result.
TransferResult deliver(const SsrfRow& row, const std::string& url) {
  auto resolver = std::make_shared<TableResolver>();
  if (const auto checked = check_url(outside_policy(), url); checked && !row.answers.empty()) {
    resolver->set(checked->host.normal, row.answers);
  }
  auto transport = make_transport(caged_options(), resolver);
  TransferResult last;
  for (std::size_t i = 0; i < std::max<std::size_t>(row.answers.size(), 1); ++i) {
    auto attempt = attempt_to(url);
    attempt.timeout = Duration{2000};
    last = run(*transport, std::move(attempt));
  }
  return last;
}

bool is_refusal(TransportError error) {
  return error == TransportError::blocked_address || error == TransportError::invalid_url ||
         error == TransportError::dns;
}

// A listener on every port that the corpus aims at and that can be had here.
std::vector<std::unique_ptr<LoopbackServer>> listen_everywhere() {
  std::vector<std::unique_ptr<LoopbackServer>> listeners;
  for (const std::uint16_t port :
       {std::uint16_t{80}, std::uint16_t{443}, std::uint16_t{8080}, std::uint16_t{8443}}) {
    try {
      listeners.push_back(
          std::make_unique<LoopbackServer>(answer_all(ok_response), "127.0.0.1", port));
    } catch (const std::runtime_error&) {
      continue;  // Taken, or not ours to take; the socket that was never opened still tells.
    }
  }
  return listeners;
}

std::string with_port_of(const LoopbackServer& server, const std::string& host) {
  return "http://" + host + ":" + std::to_string(server.port()) + "/";
}

MultiTransport& multi(Transport& transport) { return dynamic_cast<MultiTransport&>(transport); }

}  // namespace

TEST_CASE("every row of the corpus gets its verdict, at registration and at delivery") {
  const auto listeners = listen_everywhere();
  int rows = 0;
  int denied_at_delivery = 0;
  for (const SsrfRow& row : read_rows()) {
    ++rows;
    if (!row.location.empty()) continue;  // The next test has these.
    INFO(row.url << "  " << row.reason);
    if (row.stage != "deliver") CHECK(may_register(row) == row.allowed);
    if (row.stage == "register") continue;

    const auto result = deliver(row, row.url);
    CHECK_FALSE(result.status.has_value());
    const bool public_one_is_down = row.category == "dns-mixed";
    if (row.allowed || public_one_is_down) {
      CHECK(to_string(result.error) == "connect");
    } else {
      ++denied_at_delivery;
      CHECK(is_refusal(result.error));
    }
    if (is_refusal(result.error)) CHECK(result.dialled_address.empty());
  }
  CHECK(rows == 231);
  CHECK(denied_at_delivery > 150);
  for (const auto& listener : listeners) CHECK(listener->accepts() == 0);
}

TEST_CASE("names that lead inside are not dialled on a port where something listens") {
  LoopbackServer listener{answer_all(ok_response)};
  for (const SsrfRow& row : read_rows()) {
    if (row.answers.empty() || row.allowed || !row.location.empty()) continue;
    const auto checked = check_url(outside_policy(), row.url);
    if (!checked) continue;
    INFO(row.url << "  " << row.reason);
    const auto result = deliver(row, with_port_of(listener, checked->host.normal));
    CHECK_FALSE(result.status.has_value());
  }
  CHECK(listener.accepts() == 0);
}

TEST_CASE("redirects of the corpus are answers and lead nowhere") {
  LoopbackServer inside{answer_all(ok_response)};
  int seen = 0;
  for (const SsrfRow& row : read_rows()) {
    if (row.location.empty()) continue;
    ++seen;
    for (const std::string& location : {row.location, inside.url()}) {
      LoopbackServer redirector{
          answer_all("HTTP/1.1 " + std::to_string(row.status) +
                     " Moved\r\nContent-Length: 0\r\nLocation: " + location + "\r\n\r\n"),
          "127.0.0.9"};
      auto resolver = std::make_shared<TableResolver>();
      resolver->set("redirector.example.com", {{"127.0.0.9"}});
      auto options = loopback_options();
      options.policy.allow = {parse_cidr("127.0.0.9").value()};
      auto transport = make_transport(options, resolver);
      const auto result =
          run(*transport, attempt_to(with_port_of(redirector, "redirector.example.com")));
      CHECK(result.status == row.status);
      CHECK(result.dialled_address == "127.0.0.9:" + std::to_string(redirector.port()));
      CHECK(redirector.accepts() == 1);
    }
  }
  CHECK(seen == 5);
  CHECK(inside.accepts() == 0);
}

TEST_CASE("the normal form is what is stored and dialled") {
  const auto normal = [](const std::string& url) {
    const auto checked = check_url(loopback_options().policy, url);
    return checked ? checked->normal_form : checked.error().detail;
  };
  CHECK(normal("HTTPS://Hooks.Example.COM./Path/../%2e?Q=1") ==
        "https://hooks.example.com/Path/../%2e?Q=1");
  CHECK(normal("http://0x7f.1:8080/") == "http://127.0.0.1:8080/");
  CHECK(normal("https://[2606:4700:4700:0::1111]/") == "https://[2606:4700:4700::1111]/");
  const auto checked = check_url(outside_policy(), "https://example.com:8443/x");
  REQUIRE(checked.ok());
  CHECK(checked->https);
  CHECK(checked->port == 8443);
  CHECK(checked->host.normal == "example.com");
}

TEST_CASE("a name in another script is refused until it is written in punycode") {
  const auto refused = check_url(outside_policy(),
                                 "https://b\xc3\xbc"
                                 "cher.example/");
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::invalid_url);
  CHECK(check_url(outside_policy(), "https://xn--bcher-kva.example/").ok());
}

TEST_CASE("http needs the policy's leave") {
  CHECK(check_url({}, "http://example.com/").error().code == ErrorCode::invalid_url);
  CHECK(check_url({}, "https://example.com/").ok());
}

TEST_CASE("bytes of any kind in a URL end in a typed error") {
  std::uint32_t state = 12345;
  for (int i = 0; i < 20'000; ++i) {
    std::string url = "http://";
    const auto length = 1 + i % 24;
    for (int j = 0; j < length; ++j) {
      state = state * 1'664'525 + 1'013'904'223;
      url.push_back(static_cast<char>(state >> 24U));
    }
    const auto checked = check_url({}, url);
    if (!checked) continue;
    CHECK(check_url({}, checked->normal_form).ok());
  }
}

TEST_CASE("an address of this host is denied unless the policy names it") {
  const auto mine = parse_ip("93.184.216.34").value();
  const auto other = parse_ip("93.184.216.35").value();
  const AddressGuard guard{AddressPolicy{}, {mine}};
  CHECK(guard.denied_because(mine) == "an address of this host");
  CHECK_FALSE(guard.denied_because(other).has_value());
  CHECK_FALSE(guard.judge_for_registration(std::vector<IpAddress>{other, mine}).ok());
  CHECK(guard.judge_for_registration(std::vector<IpAddress>{other}).ok());

  AddressPolicy named;
  named.allow = {parse_cidr("93.184.216.34").value()};
  CHECK_FALSE(AddressGuard(named, {mine}).denied_because(mine).has_value());
}

TEST_CASE("this host knows its loopback address") {
  bool loopback = false;
  for (const IpAddress& address : own_addresses()) {
    loopback = loopback || to_string(address) == "127.0.0.1";
  }
  CHECK(loopback);
}

TEST_CASE("only IPv4 and IPv6 socket addresses are known") {
  sockaddr_storage local{};
  local.ss_family = AF_UNIX;
  CHECK_FALSE(address_of(reinterpret_cast<const sockaddr*>(&local)).has_value());
  CHECK_FALSE(address_of(nullptr).has_value());
}

TEST_CASE("denied candidates are dropped and the allowed one is dialled") {
  LoopbackServer inside{answer_all(ok_response), "127.0.0.1"};
  LoopbackServer outside{answer_all("HTTP/1.1 204 Fine\r\n\r\n"), "127.0.0.9", inside.port()};
  auto resolver = std::make_shared<TableResolver>();
  resolver->set("mixed.example", {{"127.0.0.1", "::1", "127.0.0.9"}});
  auto options = loopback_options();
  options.policy.allow = {parse_cidr("127.0.0.9").value()};
  auto transport = make_transport(options, resolver);
  CHECK(run(*transport, attempt_to(with_port_of(inside, "mixed.example"))).status == 204);
  CHECK(inside.accepts() == 0);
}

TEST_CASE("when all candidates are denied the reason names them") {
  auto resolver = std::make_shared<TableResolver>();
  resolver->set("inside.example", {{"10.0.0.7", "::1"}});
  auto transport = make_transport(loopback_options(), resolver);
  const auto result = run(*transport, attempt_to("http://inside.example/"));
  CHECK(result.error == TransportError::blocked_address);
  CHECK(result.error_text.find("10.0.0.7") != std::string::npos);
  CHECK(result.dialled_address.empty());
}

TEST_CASE("the socket itself is judged, also when the policy changed after the URL was") {
  LoopbackServer server{answer_all(ok_response)};
  auto transport = make_transport();
  transport->start(1, attempt_to(server.url()));
  multi(*transport).set_policy(outside_policy());
  const auto result = await(*transport, 1).front();
  CHECK(result.error == TransportError::blocked_address);
  CHECK(result.error_text.find("127.0.0.1") != std::string::npos);
  CHECK(server.accepts() == 0);
}

TEST_CASE("a request on a connection that is already open is judged") {
  std::atomic<int> requests = 0;
  LoopbackServer server{[&](Connection& connection) {
    while (connection.read_request()) {
      ++requests;
      connection.send(ok_response);
    }
  }};
  auto transport = make_transport();
  CHECK(run(*transport, attempt_to(server.url())).status == 200);

  transport->start(2, attempt_to(server.url()));
  multi(*transport).set_policy(outside_policy());
  const auto result = await(*transport, 1).front();
  CHECK(result.error == TransportError::blocked_address);
  CHECK(requests == 1);
  CHECK(server.accepts() == 1);
}
