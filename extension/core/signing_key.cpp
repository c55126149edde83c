#include "core/signing_key.hpp"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/x509.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/base64url.hpp"
#include "core/sealing.hpp"
#include "core/sha256.hpp"

namespace auth {
namespace {

constexpr std::size_t kCoordinateSize = 32;  // P-256: the size of x, y, R and S
constexpr std::uint8_t kUncompressedPoint = 4;

struct Point {
  std::string x;  // base64url, as a JWK has them
  std::string y;
};

Point public_point(EVP_PKEY* key) {
  std::array<std::uint8_t, 1 + 2 * kCoordinateSize> encoded{};
  std::size_t size = 0;
  openssl::require(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, encoded.data(),
                                                   encoded.size(), &size) == 1 &&
                       size == encoded.size() && encoded[0] == kUncompressedPoint,
                   "reading a public key");
  const ByteView coordinates = ByteView(encoded).subspan(1);
  return {base64url_encode(coordinates.first(kCoordinateSize)),
          base64url_encode(coordinates.last(kCoordinateSize))};
}

// RFC 7638 section 3: the required members only, in alphabetical order, without white space.
std::string thumbprint(const Point& point) {
  const std::string members =
      R"({"crv":"P-256","kty":"EC","x":")" + point.x + R"(","y":")" + point.y + R"("})";
  return base64url_encode(sha256(as_bytes(members)));
}

// A coordinate of a JWK: 32 bytes, leading zeros included (RFC 7518 section 6.2.1.2).
Bytes coordinate(const nlohmann::json& jwk, const char* name) {
  const auto member = jwk.find(name);
  if (member != jwk.end() && member->is_string()) {
    auto bytes = base64url_decode(member->get_ref<const std::string&>());
    if (bytes && bytes->size() == kCoordinateSize) return std::move(*bytes);
  }
  throw std::invalid_argument("not a P-256 JSON Web Key");
}

openssl::Key key_from_point(const Bytes& point) {
  const auto builder =
      openssl::require(openssl::ParametersBuilder(OSSL_PARAM_BLD_new()), "creating parameters");
  openssl::require(
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) == 1 &&
          OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                           point.size()) == 1,
      "building parameters");
  const auto parameters =
      openssl::require(openssl::Parameters(OSSL_PARAM_BLD_to_param(builder.get())), "building parameters");
  const auto context = openssl::require(
      openssl::PublicKeyContext(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr)), "creating a key");
  openssl::require(EVP_PKEY_fromdata_init(context.get()) == 1, "creating a key");
  EVP_PKEY* key = nullptr;
  if (EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) {
    ERR_clear_error();
    throw std::invalid_argument("the point is not on the curve P-256");
  }
  return openssl::Key(key);
}

// OpenSSL speaks DER (SEQUENCE of two INTEGERs), JWS the two numbers side by side.
Bytes der_from_raw(ByteView raw) {
  openssl::Bignum r(BN_bin2bn(raw.data(), kCoordinateSize, nullptr));
  openssl::Bignum s(BN_bin2bn(raw.data() + kCoordinateSize, kCoordinateSize, nullptr));
  const auto signature = openssl::require(openssl::EcdsaSignature(ECDSA_SIG_new()), "creating a signature");
  openssl::require(r && s && ECDSA_SIG_set0(signature.get(), r.get(), s.get()) == 1, "creating a signature");
  static_cast<void>(r.release());  // the signature owns them now
  static_cast<void>(s.release());

  const int size = i2d_ECDSA_SIG(signature.get(), nullptr);
  openssl::require(size > 0, "encoding a signature");
  Bytes der(static_cast<std::size_t>(size));
  std::uint8_t* end = der.data();
  i2d_ECDSA_SIG(signature.get(), &end);
  return der;
}

Bytes raw_from_der(const Bytes& der) {
  const std::uint8_t* start = der.data();
  const auto signature =
      openssl::require(openssl::EcdsaSignature(d2i_ECDSA_SIG(nullptr, &start, static_cast<long>(der.size()))),
                       "decoding a signature");
  Bytes raw(2 * kCoordinateSize);
  openssl::require(
      BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), raw.data(), kCoordinateSize) > 0 &&
          BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), raw.data() + kCoordinateSize, kCoordinateSize) > 0,
      "decoding a signature");
  return raw;
}

}  // namespace

PublicKey PublicKey::from_jwk(std::string_view json) {
  const auto jwk = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!jwk.is_object() || jwk.value("kty", nlohmann::json()) != "EC" ||
      jwk.value("crv", nlohmann::json()) != "P-256") {
    throw std::invalid_argument("not a P-256 JSON Web Key");
  }
  Bytes point{kUncompressedPoint};
  for (const char* name : {"x", "y"}) std::ranges::copy(coordinate(jwk, name), std::back_inserter(point));
  return PublicKey(key_from_point(point));
}

bool PublicKey::verifies(ByteView message, ByteView signature) const {
  if (signature.size() != 2 * kCoordinateSize) return false;
  const Bytes der = der_from_raw(signature);
  const auto context = openssl::require(openssl::DigestContext(EVP_MD_CTX_new()), "creating a digest");
  openssl::require(EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1,
                   "starting a verification");
  const bool valid =
      EVP_DigestVerify(context.get(), der.data(), der.size(), message.data(), message.size()) == 1;
  if (!valid) ERR_clear_error();
  return valid;
}

SigningKey SigningKey::generate() {
  return SigningKey(openssl::require(openssl::Key(EVP_EC_gen("P-256")), "P-256"));
}

std::optional<SigningKey> SigningKey::unseal(ByteView sealed, ByteView sealing_key, std::string_view key_id) {
  const auto der = open(sealing_key, sealed, as_bytes(key_id));
  if (!der) return std::nullopt;
  const std::uint8_t* start = der->data();
  return SigningKey(openssl::require(
      openssl::Key(d2i_PrivateKey(EVP_PKEY_EC, nullptr, &start, static_cast<long>(der->size()))),
      "decoding a key"));
}

std::string SigningKey::id() const { return thumbprint(public_point(key_.get())); }

std::string SigningKey::public_jwk() const {
  const Point point = public_point(key_.get());
  return nlohmann::json{
      {"kty", "EC"},    {"crv", "P-256"},          {"x", point.x}, {"y", point.y}, {"use", "sig"},
      {"alg", "ES256"}, {"kid", thumbprint(point)}}
      .dump();
}

Bytes SigningKey::sealed(ByteView sealing_key) const {
  const int size = i2d_PrivateKey(key_.get(), nullptr);  // RFC 5915 ECPrivateKey
  openssl::require(size > 0, "encoding a key");
  SecretBytes der(static_cast<std::size_t>(size));
  std::uint8_t* end = der.data();
  i2d_PrivateKey(key_.get(), &end);
  return seal(sealing_key, der, as_bytes(id()));
}

Bytes SigningKey::sign(ByteView message) const {
  const auto context = openssl::require(openssl::DigestContext(EVP_MD_CTX_new()), "creating a digest");
  openssl::require(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1,
                   "starting a signature");
  std::size_t size = 0;
  openssl::require(EVP_DigestSign(context.get(), nullptr, &size, message.data(), message.size()) == 1,
                   "signing");
  Bytes der(size);
  openssl::require(EVP_DigestSign(context.get(), der.data(), &size, message.data(), message.size()) == 1,
                   "signing");
  der.resize(size);
  return raw_from_der(der);
}

}  // namespace auth
