// Promises about opaque tokens, what is sealed with them, and the primitives below (published vectors).
#include <gtest/gtest.h>

#include <set>

#include "core/base64url.hpp"
#include "core/hkdf.hpp"
#include "core/token.hpp"
#include "core/uuid.hpp"

namespace auth {
namespace {

Bytes from_hex(std::string_view text) {
  Bytes bytes(text.size() / 2);
  std::size_t size = 0;
  EXPECT_EQ(sodium_hex2bin(bytes.data(), bytes.size(), text.data(), text.size(), nullptr, &size, nullptr), 0);
  EXPECT_EQ(size, bytes.size());
  return bytes;
}

template <class Container>
Bytes bytes_of(const Container& container) {
  return {container.begin(), container.end()};
}

TEST(Sha256, VectorOfFips180) {
  EXPECT_EQ(bytes_of(sha256(as_bytes("abc"))),
            from_hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
  EXPECT_EQ(bytes_of(sha256({})),
            from_hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
}

TEST(Hkdf, VectorsOfRfc5869) {
  // A.1
  EXPECT_EQ(
      bytes_of(hkdf_sha256(from_hex("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"),
                           from_hex("000102030405060708090a0b0c"), from_hex("f0f1f2f3f4f5f6f7f8f9"), 42)),
      from_hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"));
  // A.3: neither salt nor info
  EXPECT_EQ(bytes_of(hkdf_sha256(from_hex("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"), {}, {}, 42)),
            from_hex("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"));
}

TEST(Base64url, VectorsOfRfc4648WithoutPadding) {
  EXPECT_EQ(base64url_encode({}), "");
  EXPECT_EQ(base64url_encode(as_bytes("f")), "Zg");
  EXPECT_EQ(base64url_encode(as_bytes("fo")), "Zm8");
  EXPECT_EQ(base64url_encode(as_bytes("foobar")), "Zm9vYmFy");
  EXPECT_EQ(base64url_encode(from_hex("fbff")), "-_8");
  EXPECT_EQ(base64url_decode("-_8"), from_hex("fbff"));
  EXPECT_EQ(base64url_decode(""), Bytes{});
}

TEST(Base64url, EverythingButTheOneSpellingIsRefused) {
  using std::string_view_literals::operator""sv;
  // Padding, the other alphabet, white space, an impossible length, unused bits that are set, a NUL.
  for (const std::string_view bad :
       {"Zg=="sv, "+/8"sv, "Zm 8"sv, "Zm8\n"sv, "Z"sv, "Zh"sv, "Zm9"sv, "Zm8\0"sv}) {
    EXPECT_EQ(base64url_decode(bad), std::nullopt) << bad;
  }
}

TEST(Token, Has256RandomBitsIn43Characters) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string token = random_token();
    EXPECT_EQ(token.size(), 43U);
    EXPECT_EQ(base64url_decode(token).value().size(), 32U);
    EXPECT_TRUE(seen.insert(token).second);
  }
}

TEST(Token, OpensWhatItSealed) {
  const std::string token = random_token();
  EXPECT_EQ(as_text(open_with_token(seal_with_token("successor", token), token).value()), "successor");
  EXPECT_EQ(as_text(open_with_token(seal_with_token("", token), token).value()), "");
}

TEST(Token, NoOtherTokenOpensIt) {
  const Bytes sealed = seal_with_token("successor", random_token());
  EXPECT_EQ(open_with_token(sealed, random_token()), std::nullopt);
  EXPECT_EQ(open_with_token(sealed, ""), std::nullopt);
}

TEST(Token, SealingTwiceGivesDifferentValues) {
  EXPECT_NE(seal_with_token("same", "token"), seal_with_token("same", "token"));
}

TEST(Token, EmptyTokenSealsNothing) { EXPECT_THROW(seal_with_token("x", ""), std::invalid_argument); }

TEST(Sealing, AnyChangedBitOrMissingByteKeepsItShut) {
  const Bytes sealed = seal_with_token("successor", "token");
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    Bytes changed = sealed;
    changed[i] ^= 1;
    EXPECT_EQ(open_with_token(changed, "token"), std::nullopt) << "byte " << i;
    EXPECT_EQ(open_with_token(ByteView(sealed).first(i), "token"), std::nullopt) << "length " << i;
  }
}

TEST(Sealing, AnotherPlaceKeepsItShut) {
  const Bytes key(kSealingKeySize, 7);
  const Bytes sealed = seal(key, as_bytes("secret"), as_bytes("row 1"));
  EXPECT_EQ(as_text(open(key, sealed, as_bytes("row 1")).value()), "secret");
  EXPECT_EQ(open(key, sealed, as_bytes("row 2")), std::nullopt);
}

TEST(Sealing, KeyOfAnotherSizeIsRefused) {
  EXPECT_THROW(seal(Bytes(31), as_bytes("x"), {}), std::invalid_argument);
  EXPECT_THROW(open(Bytes(33), Bytes(64), {}), std::invalid_argument);
}

TEST(Uuid, IsRandomVersion4AndReadsOnlyItsCanonicalSpelling) {
  const Uuid uuid = random_uuid();
  const std::string text = to_string(uuid);
  EXPECT_EQ(text.size(), 36U);
  EXPECT_EQ(text[14], '4');
  EXPECT_NE(std::string_view("89ab").find(text[19]), std::string_view::npos);
  EXPECT_EQ(parse_uuid(text), uuid);
  for (const std::string_view bad :
       {"", "6ba7b810-9dad-11d1-80b4-00c04fd430c", "6BA7B810-9DAD-11D1-80B4-00C04FD430C8",
        "6ba7b8109dad11d180b400c04fd430c8", "{6ba7b810-9dad-11d1-80b4-00c04fd430c8}",
        "6ba7b810-9dad-11d1-80b4-00c04fd430c8 ", "6ba7b810-9dad-11d1-80b4--0c04fd430c8"}) {
    EXPECT_EQ(parse_uuid(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace auth
