// Sealing: authenticated encryption by AES-256-GCM (NIST SP 800-38D) of small secrets that are kept in
// tables.
//
// A sealed value is, in this order:
//   1 byte    format version, 1
//   12 bytes  nonce, random for each sealing
//   n bytes   ciphertext, as long as the plaintext
//   16 bytes  authentication tag
// The associated data is not stored; it ties a value to its place (a key's id), so that sealed values cannot
// be swapped between rows. Random nonces are safe up to 2^32 sealings under one key; we seal a handful.
#pragma once

#include <optional>

#include "core/bytes.hpp"

namespace auth {

inline constexpr std::size_t kSealingKeySize = 32;

// Seals the plaintext under a 32-byte key. Throws std::invalid_argument for a key of another size.
Bytes seal(ByteView key, ByteView plaintext, ByteView associated_data);

// Opens what seal() made. Nothing when the key, the associated data or a single bit of the value is not the
// same, or when it is not a sealed value at all. Throws std::invalid_argument for a key of another size.
std::optional<SecretBytes> open(ByteView key, ByteView sealed, ByteView associated_data);

}  // namespace auth
