// Opaque tokens: 256 random bits that only their holder knows. The database keeps their SHA-256, never
// themselves.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/sealing.hpp"
#include "core/sha256.hpp"

namespace auth {

// A fresh token: 32 random bytes in base64url, 43 characters.
std::string random_token();

// What is stored of a token: the SHA-256 of its characters. No salt and no slow hash, for there is nothing to
// guess in 256 random bits.
Sha256Digest hash_token(std::string_view token);

// Seals a text so that only the token opens it: AES-256-GCM (core/sealing.hpp) under a key that HKDF makes of
// the token. A row can thus hold a secret that its reader cannot use without the token that belongs to the
// row. Throws std::invalid_argument for an empty token.
Bytes seal_with_token(std::string_view plaintext, std::string_view token);

// Opens what seal_with_token() made; nothing with any other token, or when a bit of the value was changed.
std::optional<SecretBytes> open_with_token(ByteView sealed, std::string_view token);

}  // namespace auth
