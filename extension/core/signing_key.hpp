// Signing keys: ECDSA on the curve P-256, for the JWS algorithm ES256 (RFC 7518 section 3.4).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/bytes.hpp"
#include "core/openssl.hpp"

namespace auth {

// The public half: verifies.
class PublicKey {
 public:
  // Reads a JSON Web Key (RFC 7517) of kty EC and crv P-256; other members are ignored. Throws
  // std::invalid_argument when it is no such key, or its point is not on the curve.
  static PublicKey from_jwk(std::string_view json);

  // Whether the 64 bytes R || S (RFC 7518 section 3.4) sign the message. False for another length, too.
  bool verifies(ByteView message, ByteView signature) const;

 private:
  explicit PublicKey(openssl::Key key) : key_(std::move(key)) {}
  openssl::Key key_;
};

// Both halves: signs.
class SigningKey {
 public:
  // Makes a new key.
  static SigningKey generate();

  // Opens a key that sealed() made, or nothing if it was sealed under another key or for another id.
  static std::optional<SigningKey> unseal(ByteView sealed, ByteView sealing_key, std::string_view key_id);

  // The JWK thumbprint (RFC 7638), which is the key's id (kid) everywhere.
  std::string id() const;

  // The public half as a JSON Web Key with kid, use and alg, as /.well-known/jwks.json shows it.
  std::string public_jwk() const;

  // The private half, sealed (core/sealing.hpp) under the key file's key with the id as associated data.
  Bytes sealed(ByteView sealing_key) const;

  // The signature R || S, 64 bytes, of the message's SHA-256.
  Bytes sign(ByteView message) const;

 private:
  explicit SigningKey(openssl::Key key) : key_(std::move(key)) {}
  openssl::Key key_;
};

}  // namespace auth
