// Password hashes: Argon2id (RFC 9106) by libsodium, written as PHC strings
// ($argon2id$v=19$m=<KiB>,t=<passes>,p=1$<16-byte salt>$<32-byte hash>).
//
// A password is normalised to Unicode NFC and must have 1 to 1024 bytes before and after that. Nothing is
// ever cut off: a password that does not fit is refused. Copies that we make of a password are wiped.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "core/password_parameters.hpp"

namespace auth {

inline constexpr std::size_t kMaximumPasswordBytes = 1024;

// What is wrong with a password, in a sentence for the person who typed it.
class InvalidPassword : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

// Hashes with a fresh salt. Throws InvalidPassword for a password that breaks the rules above,
// std::invalid_argument for parameters that check_password_parameters() refuses, std::bad_alloc when the
// memory that the parameters ask for is not to be had. Takes about 10 ms with m=19456,t=2.
std::string hash_password(std::string_view password, const PasswordParameters& parameters);

// Whether this is the password of the hash; compares in constant time. False, too, for a password that breaks
// the rules (it cannot have been hashed), and for a string that is no Argon2id hash of version 19 with
// parameters under the ceiling. Throws std::bad_alloc when the memory is not to be had, which must not pass
// for a wrong password.
bool verify_password(std::string_view password, std::string_view hash);

// Whether the hash was made with exactly these parameters; if not, it is made anew at the next log-in.
bool hash_is_current(std::string_view hash, const PasswordParameters& parameters);

}  // namespace auth
