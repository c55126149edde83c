// Password strength by zxcvbn (Wheeler, USENIX Security 2016), with the reason in words.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/postgres_free.hpp"

namespace auth {

struct PasswordStrength {
  // 0 to 4: how many of 10^3, 10^6, 10^8 and 10^10 guesses the password withstands. zxcvbn's own thresholds.
  int score = 0;
  double guesses_log10 = 0;
  // Plain English: what makes the password weak and what would help. Both empty when the score is 4.
  std::string_view reason;
  std::string_view suggestion;
};

// Estimates how many guesses find the password. `context` is what an attacker knows about its owner (e-mail
// address, name, ...): each entry counts as a whole and in the words it consists of.
// libzxcvbn bounds its own work: it looks closely at the first 100 bytes only. Throws InvalidPassword when
// the password is longer than 1024 bytes, or holds a NUL, which would hide the rest from a library that reads
// C strings.
PasswordStrength estimate_strength(std::string_view password, std::span<const std::string> context);

}  // namespace auth
