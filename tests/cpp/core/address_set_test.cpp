#include "webhookcore/core/address_set.h"

#include <initializer_list>

#include "catch.h"

using namespace webhookcore;

namespace {

AddressSet set_of(std::initializer_list<const char*> networks) {
  std::vector<Cidr> parsed;
  for (const char* network : networks) parsed.push_back(parse_cidr(network).value());
  return AddressSet(parsed);
}

IpAddress address(const char* text) { return without_mapping(parse_ip(text).value()); }

}  // namespace

TEST_CASE("an address is in a set when any network has it") {
  const AddressSet set = set_of({"192.0.2.0/24", "198.51.100.7", "2001:db8::/32"});
  CHECK(set.contains(address("192.0.2.255")));
  CHECK(set.contains(address("198.51.100.7")));
  CHECK(set.contains(address("2001:db8:ffff::1")));
  CHECK_FALSE(set.contains(address("192.0.3.0")));
  CHECK_FALSE(set.contains(address("198.51.100.8")));
  CHECK_FALSE(set.contains(address("2001:db9::1")));
  CHECK_FALSE(set_of({}).contains(address("192.0.2.1")));
}

TEST_CASE("an IPv4 address in IPv6 clothes is the IPv4 address, in requests and networks") {
  CHECK(set_of({"192.0.2.0/24"}).contains(address("::ffff:192.0.2.9")));
  CHECK(set_of({"::ffff:192.0.2.0/120"}).contains(address("192.0.2.9")));
  CHECK_FALSE(set_of({"::ffff:192.0.2.0/120"}).contains(address("192.0.3.9")));
}

TEST_CASE("all of one family is nothing of the other") {
  CHECK_FALSE(set_of({"0.0.0.0/0"}).contains(address("::1")));
  CHECK_FALSE(set_of({"::/0"}).contains(address("127.0.0.1")));
  CHECK_FALSE(set_of({"::/0"}).contains(address("::ffff:127.0.0.1")));
}
