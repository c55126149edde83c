// Whom a request counts for: the peer, unless a proxy that the operator trusts says otherwise.
#include <gtest/gtest.h>

#include "client_address.hpp"

namespace gateway {
namespace {

std::string client(const std::string& peer, const std::string& forwarded_for,
                   const std::vector<std::string>& proxies) {
  std::vector<Network> trusted;
  for (const std::string& proxy : proxies) trusted.push_back(Network::parse(proxy).value());
  return to_string(client_address(parse_address(peer).value(), forwarded_for, trusted));
}

TEST(ClientAddress, IsThePeerUnlessThePeerIsTrusted) {
  EXPECT_EQ(client("192.0.2.1", "198.51.100.7", {}), "192.0.2.1");
  EXPECT_EQ(client("192.0.2.1", "198.51.100.7", {"10.0.0.0/8"}), "192.0.2.1");
  EXPECT_EQ(client("10.1.2.3", "198.51.100.7", {"10.0.0.0/8"}), "198.51.100.7");
}

TEST(ClientAddress, IsTheRightMostThatIsNoTrustedProxy) {
  EXPECT_EQ(client("10.0.0.1", "1.1.1.1, 198.51.100.7, 10.0.0.9", {"10.0.0.0/8"}), "198.51.100.7");
  EXPECT_EQ(client("10.0.0.1", "10.0.0.2,10.0.0.3", {"10.0.0.0/8"}), "10.0.0.2");
}

TEST(ClientAddress, StopsAtWhatIsNoAddress) {
  EXPECT_EQ(client("10.0.0.1", "198.51.100.7, unknown", {"10.0.0.0/8"}), "10.0.0.1");
  EXPECT_EQ(client("10.0.0.1", "198.51.100.7, evil, 10.0.0.2", {"10.0.0.0/8"}), "10.0.0.2");
  EXPECT_EQ(client("10.0.0.1", "", {"10.0.0.0/8"}), "10.0.0.1");
  EXPECT_EQ(client("10.0.0.1", ",,", {"10.0.0.0/8"}), "10.0.0.1");
}

TEST(ClientAddress, TakesMappedAndPlainIpv4ForTheSame) {
  EXPECT_EQ(client("::ffff:10.0.0.1", "198.51.100.7", {"10.0.0.0/8"}), "198.51.100.7");
  EXPECT_EQ(to_string(parse_address("::ffff:192.0.2.1").value()), "192.0.2.1");
}

TEST(ClientAddress, KnowsIpv6) {
  EXPECT_EQ(client("fd00::1", "[2001:db8::7]", {"fd00::/8"}), "2001:db8::7");
  EXPECT_EQ(client("fe00::1", "2001:db8::7", {"fd00::/8"}), "fe00::1");
}

TEST(Network, ContainsWhatItsPrefixSays) {
  const auto contains = [](const char* network, const char* address) {
    return Network::parse(network).value().contains(parse_address(address).value());
  };
  EXPECT_TRUE(contains("192.0.2.128/25", "192.0.2.255"));
  EXPECT_FALSE(contains("192.0.2.128/25", "192.0.2.127"));
  EXPECT_TRUE(contains("0.0.0.0/0", "203.0.113.1"));
  EXPECT_FALSE(contains("0.0.0.0/0", "2001:db8::1"));
  EXPECT_TRUE(contains("::/0", "203.0.113.1"));
  EXPECT_TRUE(contains("192.0.2.1", "192.0.2.1"));
  EXPECT_FALSE(contains("192.0.2.1", "192.0.2.2"));
}

TEST(Network, RefusesWhatIsNone) {
  for (const char* text :
       {"", "/8", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x", "::/129", "10.0.0/8", "a"}) {
    EXPECT_FALSE(Network::parse(text)) << text;
  }
}

}  // namespace
}  // namespace gateway
