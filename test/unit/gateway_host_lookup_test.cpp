// Which hosts are looked up, and what libpq is given for them.
#include <gtest/gtest.h>

#include "host_lookup.hpp"

namespace gateway {
namespace {

HostAddress at(const std::string& host, const std::string& port = "") { return {host, "", port}; }

TEST(HostLookup, IsForNamesOnly) {
  EXPECT_FALSE(needs_lookup({}));
  EXPECT_FALSE(needs_lookup({at("127.0.0.1"), at("::1"), at("/run/postgresql"), at("")}));
  EXPECT_TRUE(needs_lookup({at("127.0.0.1"), at("db.example.com")}));
  EXPECT_FALSE(needs_lookup({{"db.example.com", "192.0.2.1", ""}}));
}

TEST(HostLookup, GivesEachNameItsAddresses) {
  const HostAddresses found = resolve_hosts({at("localhost", "5433")});
  ASSERT_FALSE(found.entries.empty()) << found.error;
  for (const HostAddress& entry : found.entries) {
    EXPECT_EQ(entry.host, "localhost");
    EXPECT_TRUE(entry.address == "127.0.0.1" || entry.address == "::1") << entry.address;
    EXPECT_EQ(entry.port, "5433");
  }
}

TEST(HostLookup, LeavesAddressesAndDirectoriesToLibpq) {
  const HostAddresses found = resolve_hosts({at("/run/postgresql", "1"), at("192.0.2.1", "2")});
  ASSERT_EQ(found.entries.size(), 2U);
  EXPECT_EQ(found.entries[0].host, "/run/postgresql");
  EXPECT_EQ(found.entries[0].address, "");
  EXPECT_EQ(found.entries[1].host, "192.0.2.1");
  EXPECT_EQ(found.entries[1].port, "2");
}

TEST(HostLookup, SkipsANameThatIsUnknownWhileAnotherHostIsLeft) {
  const HostAddresses found = resolve_hosts({at("nowhere.invalid", "1"), at("192.0.2.1", "2")});
  ASSERT_EQ(found.entries.size(), 1U);
  EXPECT_EQ(found.entries[0].host, "192.0.2.1");
  EXPECT_EQ(found.entries[0].port, "2");
  EXPECT_TRUE(found.error.empty());
}

TEST(HostLookup, SaysWhyWhenNothingIsLeft) {
  EXPECT_NE(resolve_hosts({at("nowhere.invalid")}).error.find("nowhere.invalid"), std::string::npos);
}

}  // namespace
}  // namespace gateway
