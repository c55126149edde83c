// Promises about access tokens: what we sign verifies, and nothing else that can be written does.
#include <gtest/gtest.h>
#include <openssl/hmac.h>

#include <nlohmann/json.hpp>

#include "core/access_token.hpp"
#include "core/base64url.hpp"

namespace auth {
namespace {

using nlohmann::json;

constexpr std::int64_t kNow = 1'700'000'000;

class AccessTokens : public testing::Test {
 protected:
  static AccessToken example() {
    AccessToken token;
    token.issuer = "auth-api";
    token.audience = "auth-api";
    token.user_id = 42;
    token.session_id = random_uuid();
    token.assurance_level = "aal1";
    token.id = to_string(random_uuid());
    token.issued_at = kNow;
    token.expires_at = kNow + 900;
    return token;
  }

  json good_header() const { return {{"alg", "ES256"}, {"typ", "at+jwt"}, {"kid", key_.id()}}; }

  static json good_claims() {
    return {{"iss", "auth-api"}, {"aud", "auth-api"},
            {"sub", "42"},       {"sid", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"},
            {"aal", "aal1"},     {"jti", "1"},
            {"iat", kNow},       {"exp", kNow + 900}};
  }

  // Signs any two texts, properly.
  std::string sign(std::string_view header, std::string_view claims) const {
    const std::string signed_part =
        base64url_encode(as_bytes(header)) + "." + base64url_encode(as_bytes(claims));
    return signed_part + "." + base64url_encode(key_.sign(as_bytes(signed_part)));
  }
  std::string compact(const json& header, const json& claims) const {
    return sign(header.dump(), claims.dump());
  }

  AccessToken verify(std::string_view token, std::int64_t now = kNow) const {
    return UnverifiedAccessToken(token).verify(PublicKey::from_jwk(key_.public_jwk()), "auth-api", "auth-api",
                                               now);
  }

  // The reason for which a token is refused; empty if it is not.
  std::string refusal(std::string_view token, std::int64_t now = kNow) const {
    try {
      verify(token, now);
    } catch (const InvalidAccessToken& error) {
      return error.what();
    }
    return "";
  }
  std::string refusal_with_header(const char* name, const json& value) const {
    json header = good_header();
    header[name] = value;
    return refusal(compact(header, good_claims()));
  }
  std::string refusal_with_claim(const char* name, const json& value) const {
    json claims = good_claims();
    claims[name] = value;
    return refusal(compact(good_header(), claims));
  }

  const SigningKey key_ = SigningKey::generate();
};

TEST_F(AccessTokens, SayAfterVerificationWhatWasSigned) {
  const AccessToken token = example();
  const AccessToken verified = verify(sign_access_token(token, key_));
  EXPECT_EQ(verified.user_id, token.user_id);
  EXPECT_EQ(verified.session_id, token.session_id);
  EXPECT_EQ(verified.assurance_level, token.assurance_level);
  EXPECT_EQ(verified.id, token.id);
  EXPECT_EQ(verified.issued_at, token.issued_at);
  EXPECT_EQ(verified.expires_at, token.expires_at);
  EXPECT_EQ(UnverifiedAccessToken(sign_access_token(token, key_)).key_id(), key_.id());
}

TEST_F(AccessTokens, ExpireInTheSecondTheyName) {
  const std::string token = sign_access_token(example(), key_);
  EXPECT_EQ(refusal(token, kNow + 899), "");
  EXPECT_EQ(refusal(token, kNow + 900), "expired");
}

TEST_F(AccessTokens, TheHelpersOfTheseTestsMakeGoodTokens) {
  EXPECT_EQ(refusal(compact(good_header(), good_claims())), "");
}

TEST_F(AccessTokens, AnyChangedCharacterIsNoticed) {
  const std::string token = sign_access_token(example(), key_);
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_NE(refusal(changed), "") << "character " << i;
    EXPECT_NE(refusal(token.substr(0, i)), "") << "length " << i;
  }
}

TEST_F(AccessTokens, OfAnotherKeyAreRefused) {
  EXPECT_EQ(refusal(sign_access_token(example(), SigningKey::generate())), "the signature does not fit");
}

TEST_F(AccessTokens, AlgorithmNoneIsRefused) {
  for (const char* none : {"none", "None", "NONE", "nOnE", ""}) {
    json header = good_header();
    header["alg"] = none;
    const std::string unsigned_token = base64url_encode(as_bytes(header.dump())) + "." +
                                       base64url_encode(as_bytes(good_claims().dump())) + ".";
    EXPECT_EQ(refusal(unsigned_token), "alg is not ES256") << none;
    EXPECT_EQ(refusal(compact(header, good_claims())), "alg is not ES256") << none;
  }
}

TEST_F(AccessTokens, HmacWithThePublicKeyAsSecretIsRefused) {
  json header = good_header();
  header["alg"] = "HS256";
  const std::string signed_part =
      base64url_encode(as_bytes(header.dump())) + "." + base64url_encode(as_bytes(good_claims().dump()));
  const std::string secret = key_.public_jwk();
  Bytes mac(32);
  ASSERT_NE(HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), as_bytes(signed_part).data(),
                 signed_part.size(), mac.data(), nullptr),
            nullptr);
  EXPECT_EQ(refusal(signed_part + "." + base64url_encode(mac)), "alg is not ES256");
}

TEST_F(AccessTokens, OtherAlgorithmsAreRefusedAlsoWhenProperlySigned) {
  for (const json& algorithm : {json("ES384"), json("es256"), json("RS256"), json("EdDSA"), json(nullptr),
                                json(1), json::array({"ES256"}), json("ES256 ")}) {
    EXPECT_NE(refusal_with_header("alg", algorithm), "") << algorithm;
  }
}

TEST_F(AccessTokens, OfAnotherTypeAreRefused) {
  for (const json& type : {json("JWT"), json("AT+JWT"), json("id+jwt"), json(""), json(nullptr)}) {
    EXPECT_NE(refusal_with_header("typ", type), "") << type;
  }
}

TEST_F(AccessTokens, CriticalExtensionsAreRefused) {
  EXPECT_NE(refusal_with_header("crit", json::array({"exp"})), "");
  EXPECT_NE(refusal_with_header("crit", json::array()), "");
}

TEST_F(AccessTokens, KeysThatTheyBringAlongAreNotUsed) {
  const SigningKey attacker = SigningKey::generate();
  json header = good_header();
  header["jwk"] = json::parse(attacker.public_jwk());
  header["jku"] = "https://attacker.example/jwks.json";
  header["x5u"] = "https://attacker.example/chain.pem";
  const std::string signed_part =
      base64url_encode(as_bytes(header.dump())) + "." + base64url_encode(as_bytes(good_claims().dump()));
  EXPECT_EQ(refusal(signed_part + "." + base64url_encode(attacker.sign(as_bytes(signed_part)))),
            "the signature does not fit");
  EXPECT_EQ(refusal(compact(header, good_claims())), "");  // ours, whatever else the header says
}

TEST_F(AccessTokens, KeyIdsThatNoKeyHasAreRefusedBeforeAnyLookUp) {
  for (const json& kid :
       {json(""), json(nullptr), json(7), json(std::string(129, 'k')), json(std::string("a\0b", 3))}) {
    EXPECT_NE(refusal_with_header("kid", kid), "") << kid;
  }
}

TEST_F(AccessTokens, EveryClaimIsRequired) {
  for (const char* name : {"iss", "aud", "sub", "sid", "aal", "jti", "iat", "exp"}) {
    json claims = good_claims();
    claims.erase(name);
    EXPECT_NE(refusal(compact(good_header(), claims)), "") << name;
    EXPECT_NE(refusal_with_claim(name, nullptr), "") << name;
    EXPECT_NE(refusal_with_claim(name, json::array()), "") << name;
  }
}

TEST_F(AccessTokens, ForOthersAreRefused) {
  EXPECT_NE(refusal_with_claim("iss", "auth-api2"), "");
  EXPECT_NE(refusal_with_claim("aud", "other"), "");
  EXPECT_NE(refusal_with_claim("aud", json::array({"auth-api", "other"})), "");
}

TEST_F(AccessTokens, TimesMustBeWholeNumbers) {
  for (const json& time :
       {json("1700000900"), json(1700000900.5), json(1e300), json(true), json(UINT64_MAX)}) {
    EXPECT_NE(refusal_with_claim("exp", time), "") << time;
    EXPECT_NE(refusal_with_claim("iat", time), "") << time;
  }
  EXPECT_NE(refusal_with_claim("exp", -1), "");
}

TEST_F(AccessTokens, NotBeforeIsObeyedIfItIsThere) {
  EXPECT_EQ(refusal_with_claim("nbf", kNow), "");
  EXPECT_NE(refusal_with_claim("nbf", kNow + 1), "");
  EXPECT_NE(refusal_with_claim("nbf", "soon"), "");
}

TEST_F(AccessTokens, SubjectMustBeAUserIdAsWeWriteIt) {
  for (const json& subject : {json(42), json("0"), json("-1"), json("042"), json("+42"), json(" 42"),
                              json("42x"), json(""), json("9223372036854775808"), json("4e1")}) {
    EXPECT_NE(refusal_with_claim("sub", subject), "") << subject;
  }
  EXPECT_EQ(refusal_with_claim("sub", "9223372036854775807"), "");
}

TEST_F(AccessTokens, SessionAndAssuranceLevelMustHaveTheirForms) {
  EXPECT_NE(refusal_with_claim("sid", "6BA7B810-9DAD-11D1-80B4-00C04FD430C8"), "");
  EXPECT_NE(refusal_with_claim("sid", "x"), "");
  EXPECT_NE(refusal_with_claim("aal", "aal3"), "");
  EXPECT_EQ(refusal_with_claim("aal", "aal2"), "");
}

TEST_F(AccessTokens, AMemberThatOccursTwiceIsRefused) {
  const std::string header = good_header().dump();
  const std::string claims = good_claims().dump();
  const auto twice = [](std::string object, std::string_view member) {
    return object.insert(1, std::string(member) + ",");
  };
  EXPECT_EQ(refusal(sign(twice(header, R"("alg":"ES256")"), claims)), "a member occurs twice");
  EXPECT_EQ(refusal(sign(header, twice(claims, R"("sub":"1")"))), "a member occurs twice");
  EXPECT_EQ(refusal(sign(header, twice(claims, R"("x":{"a":1,"a":2})"))), "a member occurs twice");
  EXPECT_EQ(refusal(sign(header, twice(claims, R"("x":{"sub":"1"})"))), "");
}

TEST_F(AccessTokens, WhatIsNotACompactTokenIsRefused) {
  using std::string_view_literals::operator""sv;
  const std::string good = compact(good_header(), good_claims());
  for (const std::string& bad : {std::string(),
                                 std::string("."),
                                 std::string(".."),
                                 std::string("..."),
                                 std::string("a.b"),
                                 std::string("a.b.c"),
                                 good + ".",
                                 good + "." + good,
                                 "." + good,
                                 good + "=",
                                 " " + good,
                                 good + "\n",
                                 good + std::string(1, '\0'),
                                 std::string(10'000, 'A'),
                                 std::string(10'000, '.'),
                                 std::string(10'000'000, 'A') + ".A.A",
                                 sign("", good_claims().dump()),
                                 sign("[]", good_claims().dump()),
                                 sign("null", good_claims().dump()),
                                 sign(good_header().dump(), "[]"),
                                 sign(good_header().dump(), "42"),
                                 sign(good_header().dump(), "{"),
                                 sign(good_header().dump(), std::string(2'000, '[')),
                                 sign(good_header().dump() + " {}", good_claims().dump()),
                                 sign("\xFF", good_claims().dump()),
                                 sign(good_header().dump(), "{\"sub\":\"\xFF\"}")}) {
    EXPECT_NE(refusal(bad), "") << bad.substr(0, 60);
  }
}

}  // namespace
}  // namespace auth
