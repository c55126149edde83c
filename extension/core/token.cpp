#include "core/token.hpp"

#include <stdexcept>

#include "core/base64url.hpp"
#include "core/hkdf.hpp"
#include "core/random.hpp"

namespace auth {
namespace {

SecretBytes sealing_key(std::string_view token) {
  return hkdf_sha256(as_bytes(token), {}, as_bytes("auth-api: sealed with a token"), kSealingKeySize);
}

}  // namespace

std::string random_token() {
  SecretBytes bytes(32);
  fill_random(bytes);
  return base64url_encode(bytes);
}

Sha256Digest hash_token(std::string_view token) { return sha256(as_bytes(token)); }

Bytes seal_with_token(std::string_view plaintext, std::string_view token) {
  if (token.empty()) throw std::invalid_argument("the token is empty");
  return seal(sealing_key(token), as_bytes(plaintext), {});
}

std::optional<SecretBytes> open_with_token(ByteView sealed, std::string_view token) {
  if (token.empty()) return std::nullopt;
  return open(sealing_key(token), sealed, {});
}

}  // namespace auth
