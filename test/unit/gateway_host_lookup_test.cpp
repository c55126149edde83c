// Which hosts are looked up, and what libpq is given for them.
#include <gtest/gtest.h>

#include <algorithm>

#include "host_lookup.hpp"

namespace gateway {
namespace {

TEST(HostLookup, IsForNamesOnly) {
  EXPECT_FALSE(needs_lookup({}));
  EXPECT_FALSE(needs_lookup({"127.0.0.1", "::1", "/run/postgresql", ""}));
  EXPECT_TRUE(needs_lookup({"127.0.0.1", "db.example.com"}));
}

TEST(HostLookup, GivesLibpqAnAddressBesideEachName) {
  const HostAddresses found = resolve_hosts({"localhost"}, {"5433"});
  EXPECT_TRUE(found.host.starts_with("localhost")) << found.error;
  EXPECT_TRUE(found.hostaddr.starts_with("127.0.0.1") || found.hostaddr.starts_with("::1")) << found.hostaddr;
  EXPECT_TRUE(found.port.starts_with("5433"));
  EXPECT_EQ(std::count(found.host.begin(), found.host.end(), ','),
            std::count(found.hostaddr.begin(), found.hostaddr.end(), ','));
}

TEST(HostLookup, LeavesAddressesAndDirectoriesToLibpq) {
  const HostAddresses found = resolve_hosts({"/run/postgresql", "192.0.2.1"}, {"1", "2"});
  EXPECT_EQ(found.host, "/run/postgresql,192.0.2.1");
  EXPECT_EQ(found.hostaddr, ",");
  EXPECT_EQ(found.port, "1,2");
}

TEST(HostLookup, SkipsANameThatIsUnknownWhileAnotherHostIsLeft) {
  const HostAddresses found = resolve_hosts({"nowhere.invalid", "192.0.2.1"}, {"1", "2"});
  EXPECT_EQ(found.host, "192.0.2.1");
  EXPECT_EQ(found.port, "2");
  EXPECT_TRUE(found.error.empty());
}

TEST(HostLookup, SaysWhyWhenNothingIsLeft) {
  EXPECT_NE(resolve_hosts({"nowhere.invalid"}, {}).error.find("nowhere.invalid"), std::string::npos);
  EXPECT_NE(resolve_hosts({"192.0.2.1"}, {"1", "2"}).error, "");
}

}  // namespace
}  // namespace gateway
