// Promises about Argon2id parameters: one spelling, never below OWASP's floor, never above what a server can
// bear.
#include <gtest/gtest.h>

#include "core/password_parameters.hpp"

namespace auth {
namespace {

void check(std::string_view text) { check_password_parameters(parse_password_parameters(text)); }

TEST(PasswordParameters, SpellingSurvivesARoundTrip) {
  EXPECT_EQ(to_string(parse_password_parameters("m=19456,t=2,p=1")), "m=19456,t=2,p=1");
}

TEST(PasswordParameters, OtherSpellingsAreRefused) {
  for (const std::string_view bad :
       {"", "m=19456", "m=19456,t=2", "t=2,m=19456,p=1", "m=19456,t=2,p=1,", "m=19456, t=2, p=1",
        " m=19456,t=2,p=1", "m=+19456,t=2,p=1", "m=-1,t=2,p=1", "m=019456,t=2,p=1", "m=19456.0,t=2,p=1",
        "m=,t=2,p=1", "m=99999999999,t=2,p=1", "M=19456,T=2,P=1", "m=0,t=0,p=0"}) {
    EXPECT_THROW(parse_password_parameters(bad), std::invalid_argument) << bad;
  }
}

TEST(PasswordParameters, FloorOfAsvsAppendixC) {
  for (const std::string_view good :
       {"m=47104,t=1,p=1", "m=19456,t=2,p=1", "m=12288,t=3,p=1", "m=12288,t=10,p=1"}) {
    EXPECT_NO_THROW(check(good)) << good;
  }
  for (const std::string_view bad :
       {"m=47103,t=1,p=1", "m=19455,t=2,p=1", "m=12287,t=3,p=1", "m=12287,t=10,p=1"}) {
    EXPECT_THROW(check(bad), std::invalid_argument) << bad;
  }
}

TEST(PasswordParameters, CeilingAndOneLane) {
  EXPECT_NO_THROW(check("m=1048576,t=10,p=1"));
  for (const std::string_view bad : {"m=1048577,t=2,p=1", "m=19456,t=11,p=1", "m=19456,t=2,p=2"}) {
    EXPECT_THROW(check(bad), std::invalid_argument) << bad;
  }
}

}  // namespace
}  // namespace auth
