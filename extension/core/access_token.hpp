// Access tokens: JSON Web Tokens (RFC 7519) with the claims of RFC 9068, signed by ES256, in compact
// serialization.
//
// A token is what a stranger hands us, so reading is strict and happens in this order: size, three parts of
// base64url, a header that is exactly ours, the signature, and only then the claims. The header's algorithm
// is compared with the one that we sign with and never chooses anything; keys that a header brings along or
// points to (jwk, jku, x5c, x5u) are never looked at (RFC 8725 sections 3.1 and 3.10).
#pragma once

#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "core/signing_key.hpp"
#include "core/uuid.hpp"

namespace auth {

inline constexpr std::size_t kMaximumAccessTokenBytes = 4096;

// What a token says. Times are seconds since 1970-01-01 00:00 UTC.
struct AccessToken {
  std::string issuer;           // iss
  std::string audience;         // aud
  std::int64_t user_id = 0;     // sub, in decimal
  Uuid session_id{};            // sid, in lower-case hexadecimal with hyphens
  std::string assurance_level;  // aal: aal1 or aal2
  std::string id;               // jti
  std::int64_t issued_at = 0;   // iat
  std::int64_t expires_at = 0;  // exp: the first second in which the token is no longer good
};

// Why a token is refused: for tests and debugging, never for the caller, who learns only that it is not
// valid.
class InvalidAccessToken : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Signs a token; its header has typ at+jwt, alg ES256 and the key's id as kid.
std::string sign_access_token(const AccessToken& token, const SigningKey& key);

// A token that has been taken apart but not believed.
class UnverifiedAccessToken {
 public:
  // Throws InvalidAccessToken unless this is a compact JWT whose header has exactly alg ES256, typ at+jwt, a
  // kid and no crit. Keeps a view of `compact`, which must outlive it.
  explicit UnverifiedAccessToken(std::string_view compact);

  // The id of the key that is said to have signed.
  const std::string& key_id() const { return key_id_; }

  // Checks the signature and then each claim: iss and aud are the ones given, exp is in the future and nbf,
  // if it is there, is not (no leeway: one clock issues and checks), sub, sid, aal and iat have their forms.
  // Throws InvalidAccessToken.
  AccessToken verify(const PublicKey& key, std::string_view issuer, std::string_view audience,
                     std::int64_t now) const;

 private:
  std::string_view signed_part_;  // header.payload, as it stands
  std::string key_id_;
  Bytes payload_;
  Bytes signature_;
};

}  // namespace auth
