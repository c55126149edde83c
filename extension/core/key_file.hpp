// The key file: 32 bytes outside the database under which the signing keys in the database are sealed, so
// that a dump, a backup or a replica does not hold them in usable form.
#pragma once

#include <stdexcept>
#include <string>

#include "core/bytes.hpp"

namespace auth {

// Why the key file cannot be used, in words that do not name its path.
class KeyFileError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Reads the key: a file of exactly 32 bytes, or of 64 hexadecimal digits with or without a newline after
// them. The rules of PostgreSQL's ssl_key_file apply: a regular file that belongs to the server's user and is
// closed to everybody else (0600 or stricter), or that belongs to root and is closed to others (0640 or
// stricter). Throws KeyFileError.
SecretBytes read_key_file(const std::string& path);

}  // namespace auth
