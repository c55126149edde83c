// Promises about signing keys: standard forms of key, id and signature, and a private half that stays sealed.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/base64url.hpp"
#include "core/sealing.hpp"
#include "core/sha256.hpp"
#include "core/signing_key.hpp"

namespace auth {
namespace {

using nlohmann::json;

// RFC 7515, appendix A.3.
constexpr std::string_view kRfcJwk =
    R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
    R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})";
constexpr std::string_view kRfcMessage =
    "eyJhbGciOiJFUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVl"
    "fQ";
constexpr std::string_view kRfcSignature =
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

TEST(PublicKey, VerifiesTheExampleOfRfc7515) {
  const PublicKey key = PublicKey::from_jwk(kRfcJwk);
  EXPECT_TRUE(key.verifies(as_bytes(kRfcMessage), base64url_decode(kRfcSignature).value()));
}

TEST(PublicKey, AnyChangedBitOfTheSignatureIsNoticed) {
  const PublicKey key = PublicKey::from_jwk(kRfcJwk);
  const Bytes signature = base64url_decode(kRfcSignature).value();
  for (std::size_t i = 0; i < signature.size(); ++i) {
    Bytes changed = signature;
    changed[i] ^= 1;
    EXPECT_FALSE(key.verifies(as_bytes(kRfcMessage), changed)) << "byte " << i;
  }
  EXPECT_FALSE(key.verifies(as_bytes("another message"), signature));
}

TEST(PublicKey, OnlySignaturesOf64BytesAreLookedAt) {
  const PublicKey key = PublicKey::from_jwk(kRfcJwk);
  Bytes signature = base64url_decode(kRfcSignature).value();
  EXPECT_FALSE(key.verifies(as_bytes(kRfcMessage), ByteView(signature).first(63)));
  signature.push_back(0);
  EXPECT_FALSE(key.verifies(as_bytes(kRfcMessage), signature));
  EXPECT_FALSE(key.verifies(as_bytes(kRfcMessage), {}));
}

TEST(PublicKey, ZeroesAreNoSignature) {  // CVE-2022-21449
  EXPECT_FALSE(PublicKey::from_jwk(kRfcJwk).verifies(as_bytes(kRfcMessage), Bytes(64)));
}

TEST(PublicKey, AnythingButAP256KeyIsRefused) {
  const json good = json::parse(kRfcJwk);
  const auto with = [&](const char* name, const json& value) {
    json changed = good;
    changed[name] = value;
    return changed.dump();
  };
  EXPECT_NO_THROW(PublicKey::from_jwk(good.dump()));
  for (const std::string& bad :
       {std::string(), std::string("[]"), std::string("null"), std::string("{}"), std::string("{"),
        with("kty", "RSA"), with("kty", 1), with("crv", "P-384"), with("x", 1), with("x", ""),
        with("x", "AAAA"), with("y", good["x"]), with("x", good["x"].get<std::string>() + "="),
        with("x", std::string(43, '_'))}) {
    EXPECT_THROW(PublicKey::from_jwk(bad), std::invalid_argument) << bad;
  }
}

TEST(SigningKey, SignsWhatItsPublicHalfVerifies) {
  const SigningKey key = SigningKey::generate();
  const Bytes signature = key.sign(as_bytes("message"));
  EXPECT_EQ(signature.size(), 64U);
  EXPECT_TRUE(PublicKey::from_jwk(key.public_jwk()).verifies(as_bytes("message"), signature));
  EXPECT_FALSE(
      PublicKey::from_jwk(SigningKey::generate().public_jwk()).verifies(as_bytes("message"), signature));
}

// A DER integer has no leading zeros, R and S have: one signature in 128 has a short one.
TEST(SigningKey, EverySignatureHas64BytesAlsoWhenANumberIsSmall) {
  const SigningKey key = SigningKey::generate();
  const PublicKey public_key = PublicKey::from_jwk(key.public_jwk());
  int short_numbers = 0;
  for (int i = 0; i < 2000; ++i) {
    const std::string message = std::to_string(i);
    const Bytes signature = key.sign(as_bytes(message));
    ASSERT_EQ(signature.size(), 64U);
    ASSERT_TRUE(public_key.verifies(as_bytes(message), signature));
    if (signature[0] == 0 || signature[32] == 0) ++short_numbers;
  }
  EXPECT_GT(short_numbers, 0);
}

TEST(SigningKey, IdIsTheThumbprintOfRfc7638) {
  const SigningKey key = SigningKey::generate();
  const json jwk = json::parse(key.public_jwk());
  // Section 3: the required members in alphabetical order (nlohmann sorts them), no white space.
  const json required{{"kty", jwk["kty"]}, {"crv", jwk["crv"]}, {"x", jwk["x"]}, {"y", jwk["y"]}};
  EXPECT_EQ(key.id(), base64url_encode(sha256(as_bytes(required.dump()))));
  EXPECT_EQ(jwk["kid"], key.id());
}

// Section 3.1 of RFC 7638 shows an RSA key; our thumbprint is the same SHA-256 of the same canonical form.
TEST(SigningKey, ExampleOfRfc7638) {
  const std::string canonical =
      R"({"e":"AQAB","kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_)"
      R"(BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8K)"
      R"(JZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44)"
      R"(-csFCur-kEgU8awapJzKnqDKgw"})";
  EXPECT_EQ(base64url_encode(sha256(as_bytes(canonical))), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

TEST(SigningKey, PublicJwkSaysWhatTheKeyIsForAndNothingPrivate) {
  const json jwk = json::parse(SigningKey::generate().public_jwk());
  EXPECT_EQ(jwk["use"], "sig");
  EXPECT_EQ(jwk["alg"], "ES256");
  EXPECT_EQ(jwk["crv"], "P-256");
  EXPECT_FALSE(jwk.contains("d"));
}

TEST(SigningKey, UnsealsUnderItsKeyAndIdOnly) {
  const SigningKey key = SigningKey::generate();
  const Bytes sealing_key(kSealingKeySize, 1);
  const Bytes sealed = key.sealed(sealing_key);
  const auto unsealed = SigningKey::unseal(sealed, sealing_key, key.id());
  ASSERT_TRUE(unsealed);
  EXPECT_EQ(unsealed->public_jwk(), key.public_jwk());
  EXPECT_TRUE(PublicKey::from_jwk(key.public_jwk()).verifies(as_bytes("m"), unsealed->sign(as_bytes("m"))));
  EXPECT_FALSE(SigningKey::unseal(sealed, Bytes(kSealingKeySize, 2), key.id()));
  EXPECT_FALSE(SigningKey::unseal(sealed, sealing_key, SigningKey::generate().id()));
}

}  // namespace
}  // namespace auth
