// Promises about password hashes: the right password and no other, the same one from every keyboard, nothing
// cut off.
#include <gtest/gtest.h>

#include <fstream>
#include <optional>

#include "core/password.hpp"

namespace auth {
namespace {

// The cheapest parameters that are allowed.
constexpr PasswordParameters kParameters{.memory_kib = 12288, .iterations = 3, .lanes = 1};

std::string hash(std::string_view password) { return hash_password(password, kParameters); }

// Made by the reference implementation, libargon2, of password "password" and salt "somesaltsomesalt".
constexpr std::string_view kReferenceHash =
    "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$/DO3gTkjHTS3Fia9YkXB1y76GQrWBcPYFmpyrc7fosI";

TEST(Password, HashOfTheReferenceImplementationVerifies) {
  EXPECT_TRUE(verify_password("password", kReferenceHash));
  EXPECT_FALSE(verify_password("passwore", kReferenceHash));
}

// Made by the command-line program of the reference implementation with the parameters of the Python service.
TEST(Password, HashWithFourLanesFromTheReplacedServiceVerifies) {
  constexpr std::string_view kHash =
      "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHRzYWx0c2FsdA$opK/12lewr2z5YpUKucJCUXASikIGYN+qjR3vL2e8go";
  EXPECT_TRUE(verify_password("correct horse battery staple", kHash));
  EXPECT_FALSE(verify_password("correct horse battery stable", kHash));
  EXPECT_FALSE(hash_is_current(kHash, kParameters)) << "so it is made anew at the next log-in";
}

// How often any process has asked the kernel for a page of 2 MiB; nothing where there are none.
std::optional<long> large_pages_asked_for() {
  std::ifstream statistics("/proc/vmstat");
  std::string name;
  std::optional<long> asked;
  for (long value = 0; statistics >> name >> value;) {
    if (name == "thp_fault_alloc" || name == "thp_fault_fallback") asked = asked.value_or(0) + value;
  }
  return asked;
}

TEST(Password, IsHashedInLargePages) {
  std::string enabled;
  std::getline(std::ifstream("/sys/kernel/mm/transparent_hugepage/enabled"), enabled);
  const auto before = large_pages_asked_for();
  if (!before || enabled.empty() || enabled.find("[never]") != std::string::npos) {
    GTEST_SKIP() << "this system has no large pages to give";
  }
  hash("12 MiB in six pages");
  EXPECT_GE(*large_pages_asked_for() - *before, 6);
}

TEST(Password, OnlyTheSamePasswordVerifies) {
  const std::string stored = hash("correct horse battery staple");
  EXPECT_TRUE(verify_password("correct horse battery staple", stored));
  EXPECT_FALSE(verify_password("correct horse battery staplE", stored));
  EXPECT_FALSE(verify_password("correct horse battery staple ", stored));
  EXPECT_FALSE(verify_password("correct horse battery stapl", stored));
  EXPECT_FALSE(verify_password("", stored));
}

TEST(Password, EqualPasswordsHaveDifferentHashes) { EXPECT_NE(hash("same"), hash("same")); }

TEST(Password, HashIsAPhcStringThatNamesItsParameters) {
  EXPECT_TRUE(hash("x").starts_with("$argon2id$v=19$m=12288,t=3,p=1$"));
}

TEST(Password, ComposedAndDecomposedCharactersAreTheSamePassword) {
  const std::string composed = "caf\xC3\xA9 noir";     // é as one code point
  const std::string decomposed = "cafe\xCC\x81 noir";  // e and a combining accent
  EXPECT_TRUE(verify_password(decomposed, hash(composed)));
  EXPECT_TRUE(verify_password(composed, hash(decomposed)));
  EXPECT_FALSE(verify_password("cafe noir", hash(composed)));
}

TEST(Password, EveryByteUpTo1024Counts) {
  std::string password(1024, 'a');
  const std::string stored = hash(password);
  EXPECT_TRUE(verify_password(password, stored));
  password.back() = 'b';
  EXPECT_FALSE(verify_password(password, stored));
}

TEST(Password, MoreThan1024BytesAreRefusedAndNotCutOff) {
  EXPECT_THROW(hash(std::string(1025, 'a')), InvalidPassword);
  EXPECT_THROW(hash(std::string(10'000'000, 'a')), InvalidPassword);
  EXPECT_FALSE(verify_password(std::string(1025, 'a'), hash(std::string(1024, 'a'))));
}

TEST(Password, WhatNormalisationMakesLongerIsMeasuredAfterwards) {
  // U+0958 (3 bytes) is excluded from composition: its NFC form is U+0915 U+093C, 6 bytes.
  std::string password;
  for (int i = 0; i < 341; ++i) password += "\xE0\xA5\x98";
  ASSERT_LE(password.size(), kMaximumPasswordBytes);
  EXPECT_THROW(hash(password), InvalidPassword);
}

TEST(Password, EmptyPasswordIsRefused) { EXPECT_THROW(hash(""), InvalidPassword); }

TEST(Password, InvalidUtf8IsRefused) {
  for (const std::string_view bad : {"\xFF", "abc\xC3", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80"}) {
    EXPECT_THROW(hash(bad), InvalidPassword) << testing::PrintToString(bad);
    EXPECT_FALSE(verify_password(bad, kReferenceHash));
  }
}

TEST(Password, WhatFollowsANulCounts) {
  using std::string_view_literals::operator""sv;
  const std::string stored = hash("pass\0word"sv);
  EXPECT_TRUE(verify_password("pass\0word"sv, stored));
  EXPECT_FALSE(verify_password("pass\0worD"sv, stored));
  EXPECT_FALSE(verify_password("pass"sv, stored));
}

TEST(Password, WhatIsNoArgon2idHashNeverVerifies) {
  using std::string_view_literals::operator""sv;
  for (
      const std::string_view bad : {
          ""sv,
          "!"sv,
          "password"sv,
          "$2b$10$abcdefghijklmnopqrstuv"sv,
          // Another variant, another version, more lanes, without parameters, cut off, with more after it.
          "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$/DO3gTkjHTS3Fia9YkXB1y76GQrWBcPYFmpyrc7fosI"sv,
          "$argon2id$v=16$m=65536,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$/DO3gTkjHTS3Fia9YkXB1y76GQrWBcPYFmpyrc7fosI"sv,
          "$argon2id$v=19$m=65536,t=2,p=4$c29tZXNhbHRzb21lc2FsdA$/DO3gTkjHTS3Fia9YkXB1y76GQrWBcPYFmpyrc7fosI"sv,
          "$argon2id$v=19$c29tZXNhbHRzb21lc2FsdA$/DO3gTkjHTS3Fia9YkXB1y76GQrWBcPYFmpyrc7fosI"sv,
          "$argon2id$v=19$m=65536,t=2,p=1$"sv,
          "$argon2id$v=19$m=65536,t=2,p=1"sv,
          "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$/DO3gTkjHTS3Fia9YkXB1y76GQrWBcPYFmpyrc7fosI\0"sv,
          "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$/DO3gTkjHTS3Fia9YkXB1y76GQrWBcPYFmpyrc7fosIAAAA"sv,
      }) {
    EXPECT_FALSE(verify_password("password", bad)) << bad;
  }
}

// The hash is right, so only the ceiling (10 passes) can be the reason.
TEST(Password, HashThatCostsMoreThanTheCeilingIsNotComputed) {
  EXPECT_FALSE(verify_password(
      "password",
      "$argon2id$v=19$m=8,t=11,p=1$c29tZXNhbHRzb21lc2FsdA$nxsTAPCst9hup+lL10ZxuWBoXnohyWVgS3kXX8xrvP8"));
}

TEST(Password, HashIsCurrentOnlyWithExactlyItsParameters) {
  const std::string stored = hash("x");
  EXPECT_TRUE(hash_is_current(stored, kParameters));
  EXPECT_FALSE(hash_is_current(stored, {.memory_kib = 12288, .iterations = 4, .lanes = 1}));
  EXPECT_FALSE(hash_is_current(stored, {.memory_kib = 19456, .iterations = 3, .lanes = 1}));
  EXPECT_FALSE(hash_is_current("nonsense", kParameters));
}

TEST(Password, WeakParametersHashNothing) {
  EXPECT_THROW(hash_password("x", {.memory_kib = 8, .iterations = 1, .lanes = 1}), std::invalid_argument);
}

}  // namespace
}  // namespace auth
