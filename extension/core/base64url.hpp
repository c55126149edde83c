// Base64url without padding (RFC 4648 section 5, RFC 7515 section 2), the alphabet of tokens and JWTs.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/bytes.hpp"

namespace auth {

// Encodes any bytes, also none.
std::string base64url_encode(ByteView bytes);

// Decodes strictly: nothing for padding, white space, characters outside the alphabet, an impossible length,
// or unused bits that are not zero. So one byte string has exactly one accepted spelling.
std::optional<Bytes> base64url_decode(std::string_view text);

}  // namespace auth
