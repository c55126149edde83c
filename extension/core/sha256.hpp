// SHA-256 (FIPS 180-4).
#pragma once

#include "core/bytes.hpp"

namespace auth {

using Sha256Digest = std::array<std::uint8_t, 32>;

// Costs about 0.3 µs for a token. Throws std::runtime_error if OpenSSL cannot provide the digest.
Sha256Digest sha256(ByteView data);

}  // namespace auth
