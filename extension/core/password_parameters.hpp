// The cost parameters of Argon2id (RFC 9106), as the setting password_hash_parameters spells them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/postgres_free.hpp"

namespace auth {

struct PasswordParameters {
  std::uint32_t memory_kib = 0;  // m: memory, in KiB
  std::uint32_t iterations = 0;  // t: passes over the memory
  std::uint32_t lanes = 0;       // p: 1 in hashes of ours

  bool operator==(const PasswordParameters&) const = default;
};

// Reads 'm=19456,t=2,p=1': the three in this order, decimal, nothing else. Throws std::invalid_argument, with
// a sentence for the administrator, for any other spelling.
PasswordParameters parse_password_parameters(std::string_view text);

// Throws std::invalid_argument unless the parameters lie between the floor of OWASP ASVS 5.0 Appendix C and a
// ceiling above which a single log-in could exhaust the server: m at most 1 GiB, t at most 10, p = 1.
void check_password_parameters(const PasswordParameters& parameters);

// Whether the parameters are below that ceiling, with up to 16 lanes, so that checking a hash made with them,
// here or by another system, is harmless.
bool within_ceiling(const PasswordParameters& parameters);

// The spelling that parse_password_parameters() reads.
std::string to_string(const PasswordParameters& parameters);

}  // namespace auth
