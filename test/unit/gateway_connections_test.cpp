// What the gateway makes of a database URL, and what it advises when that leads nowhere.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <stdexcept>

#include "connection_advice.hpp"
#include "connection_parameters.hpp"
#include "settings.hpp"

namespace gateway {
namespace {

using namespace std::chrono_literals;

std::vector<HostAddress> hosts_of(const std::string& url) { return ConnectionParameters(url, 1s).hosts(); }

TEST(ConnectionParameters, PairEachHostWithItsPort) {
  const auto hosts = hosts_of("postgresql://u@a:1,b:2/d");
  ASSERT_EQ(hosts.size(), 2U);
  EXPECT_EQ(hosts[0].host + hosts[0].port, "a1");
  EXPECT_EQ(hosts[1].host + hosts[1].port, "b2");
  EXPECT_EQ(hosts_of("postgresql://u@a,b/d?port=7")[1].port, "7");
}

TEST(ConnectionParameters, KeepTheNameBesideAnAddressThatIsGiven) {
  const auto hosts = hosts_of("postgresql://u@db.example.com/d?hostaddr=192.0.2.1");
  ASSERT_EQ(hosts.size(), 1U);
  EXPECT_EQ(hosts[0].host, "db.example.com");
  EXPECT_EQ(hosts[0].address, "192.0.2.1");
  EXPECT_FALSE(needs_lookup(hosts));
}

TEST(ConnectionParameters, HaveAnEntryForLibpqsDefault) { EXPECT_EQ(hosts_of("postgresql:///d").size(), 1U); }

TEST(ConnectionParameters, RefuseListsThatDoNotFit) {
  EXPECT_THROW(hosts_of("postgresql:///d?host=a,b&port=1,2,3"), std::runtime_error);
  EXPECT_THROW(hosts_of("postgresql:///d?host=a,b&hostaddr=192.0.2.1"), std::runtime_error);
}

TEST(ConnectionParameters, ReadTheSilenceThatIsAllowed) {
  EXPECT_EQ(ConnectionParameters("postgresql://u@a/d", 1s).connect_timeout(), 5s);
  EXPECT_EQ(ConnectionParameters("postgresql://u@a/d?connect_timeout=2", 1s).connect_timeout(), 2s);
  EXPECT_EQ(ConnectionParameters("postgresql://u@a/d?connect_timeout=0", 1s).connect_timeout(), 5s);
}

TEST(ConnectionAdvice, NamesWhatTheServerNamed) {
  const std::string advice = connection_advice(R"(FATAL:  3D000: database "lost" does not exist)");
  EXPECT_NE(advice.find("CREATE DATABASE lost;"), std::string::npos) << advice;
  EXPECT_NE(connection_advice("FATAL:  28P01: whatever").find("that name"), std::string::npos);
}

TEST(ConnectionAdvice, IsGivenOnceForEachKindOfFailure) {
  const std::string one = connection_advice("connection to a failed: Connection refused");
  const std::string two =
      connection_advice("to a: Connection refused\nto b: Connection refused\nto c: timed out");
  EXPECT_TRUE(two.starts_with(one + "\n")) << two;
  EXPECT_EQ(std::count(two.begin(), two.end(), '\n'), 1);
}

TEST(ConnectionAdvice, IsEmptyForWhatNobodyKnows) {
  EXPECT_EQ(connection_advice(""), "");
  EXPECT_EQ(connection_advice("\n\n"), "");
  EXPECT_EQ(connection_advice("something else\""), "");
}

TEST(PasswordFile, IsUsedOnlyWhereTheUrlHasNone) {
  const std::string path = testing::TempDir() + "password-of-a-test";
  std::ofstream(path) << "a&b=c%\n";
  const auto url_with = [&](const std::string& url) {
    return read_settings([&](const std::string& name) -> std::optional<std::string> {
             if (name == "DATABASE_URL") return url;
             if (name == "PGPASSWORD_FILE") return path;
             return std::nullopt;
           })
        .database_url;
  };
  EXPECT_EQ(url_with("postgresql://u@h/d"), "postgresql://u@h/d?password=%61%26%62%3D%63%25");
  EXPECT_EQ(url_with("postgresql://u@h/d?port=1"), "postgresql://u@h/d?port=1&password=%61%26%62%3D%63%25");
  EXPECT_EQ(url_with("postgresql://u:p@h/d"), "postgresql://u:p@h/d");
  std::remove(path.c_str());
}

}  // namespace
}  // namespace gateway
