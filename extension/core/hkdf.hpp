// HKDF with SHA-256 (RFC 5869): makes keys for one purpose each out of a secret that is already strong.
#pragma once

#include "core/bytes.hpp"

namespace auth {

// Derives `size` bytes (at most 8160) from the secret. `info` names the purpose: another info, an unrelated
// key. Throws std::runtime_error if OpenSSL refuses.
SecretBytes hkdf_sha256(ByteView secret, ByteView salt, ByteView info, std::size_t size);

}  // namespace auth
