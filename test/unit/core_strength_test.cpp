// Promises about the strength estimate: weak passwords score low and say why, long uncommon ones pass.
#include <gtest/gtest.h>

#include <vector>

#include "core/password.hpp"
#include "core/strength.hpp"

namespace auth {
namespace {

PasswordStrength estimate(std::string_view password, const std::vector<std::string>& context = {}) {
  return estimate_strength(password, context);
}

TEST(Strength, CommonPasswordsScoreBelowThree) {
  for (const std::string_view weak : {"password", "P@ssw0rd1", "qwertyuiop", "abcdefghi", "aaaaaaaaaaaa",
                                      "trustno1", "11.11.1991", "iloveyou2", "123456789"}) {
    EXPECT_LT(estimate(weak).score, 3) << weak;
  }
}

TEST(Strength, SeveralUncommonWordsScoreFourAndGetNoAdvice) {
  const PasswordStrength strength = estimate("correct horse battery staple");
  EXPECT_EQ(strength.score, 4);
  EXPECT_TRUE(strength.reason.empty());
  EXPECT_TRUE(strength.suggestion.empty());
}

TEST(Strength, EveryScoreBelowFourSaysWhyAndWhatHelps) {
  for (const std::string_view weak : {"", "x", "password", "qwertyuiop", "abcdefghi", "1991", "xk2j"}) {
    EXPECT_FALSE(estimate(weak).reason.empty()) << weak;
    EXPECT_FALSE(estimate(weak).suggestion.empty()) << weak;
  }
}

TEST(Strength, TheReasonNamesTheWeakness) {
  EXPECT_NE(estimate("password").reason.find("common"), std::string_view::npos);
  EXPECT_NE(estimate("P@ssw0rd").reason.find("look-alikes"), std::string_view::npos);
  EXPECT_NE(estimate("abcdefghi").reason.find("sequence"), std::string_view::npos);
  EXPECT_NE(estimate("aaaaaaaaaaaa").reason.find("repeats"), std::string_view::npos);
  EXPECT_NE(estimate("13.11.1991").reason.find("date"), std::string_view::npos);
  EXPECT_NE(estimate("xk2j").reason.find("short"), std::string_view::npos);
}

TEST(Strength, WordsOfTheOwnerMakeAPasswordWeak) {
  const std::string_view password = "vorontsova-1";
  EXPECT_GE(estimate(password).score, 3);
  for (const std::string context : {"elena.vorontsova@example.com", "Elena Vorontsova", "VORONTSOVA",
                                    "x+vorontsova@y.org", "a_vorontsova-b@example.com"}) {
    const PasswordStrength strength = estimate(password, {context});
    EXPECT_LT(strength.score, 3) << context;
    EXPECT_NE(strength.reason.find("your own"), std::string_view::npos) << context;
  }
}

TEST(Strength, FragmentsOfTheOwnersWordsDoNotCount) {
  EXPECT_EQ(estimate("xK9#mPq2vL", {"x@k9.m", ""}).score, estimate("xK9#mPq2vL").score);
}

TEST(Strength, LongPasswordsAreJudgedQuicklyAndOverlongOnesRefused) {
  EXPECT_EQ(estimate(std::string(1024, 'a')).score < 4, true);
  EXPECT_THROW(estimate(std::string(1025, 'a')), InvalidPassword);
}

TEST(Strength, ManyContextWordsAreBounded) {
  std::vector<std::string> context;
  for (int i = 0; i < 100'000; ++i) context.push_back("word" + std::to_string(i) + "@example.com");
  context.emplace_back(1'000'000, 'a');
  EXPECT_EQ(estimate("correct horse battery staple", context).score, 4);
}

TEST(Strength, NulIsRefusedBecauseItWouldHideTheRest) {
  using std::string_view_literals::operator""sv;
  EXPECT_THROW(estimate("correct horse\0battery staple"sv), InvalidPassword);
}

TEST(Strength, TextThatIsNotAsciiIsJudged) {
  EXPECT_GE(estimate("\xD0\xB6\xD1\x83\xD0\xBA \xD0\xBB\xD0\xB0\xD0\xBC\xD0\xBF\xD0\xB0").score,
            3);  // "жук лампа"
}

}  // namespace
}  // namespace auth
