// Checking a signature costs 60 µs and more, so a server process remembers what it has verified, in a table
// of fixed size: a set of four places for each value of the digest's first bits, of which a new token takes
// the one that has to be verified again first. An entry is a SHA-256, so nothing in memory is a token.
//
// A remembered token is verified again after 60 seconds. That bounds how long a deleted or expired signing
// key, or a changed issuer, goes unnoticed. The end of a session is noticed at once, because sessions are not
// remembered.
#include "core/access_token.hpp"

#include "access_tokens.hpp"
#include "signing_keys.hpp"

#include "setting.hpp"

namespace auth {
namespace {

constexpr TimestampTz kGoodFor = 60 * USECS_PER_SEC;
constexpr std::size_t kPlacesPerSet = 4;
constexpr std::size_t kSets = 1024;

using Set = std::array<VerifiedToken, kPlacesPerSet>;
constinit std::array<Set, kSets> remembered{};  // 368 kB of zero pages, touched as they fill

// A SHA-256 is evenly distributed, and who could aim at a set would need a valid token for it.
Set& set_of(const Sha256Digest& digest) { return remembered[(digest[0] | digest[1] << 8) % kSets]; }

const VerifiedToken* recall(const Sha256Digest& digest, TimestampTz now) {
  for (const VerifiedToken& token : set_of(digest)) {
    if (token.good_until > now && token.digest == digest) return &token;
  }
  return nullptr;
}

const VerifiedToken& remember(const VerifiedToken& token) {
  Set& set = set_of(token.digest);
  VerifiedToken* oldest = &set[0];
  for (VerifiedToken& place : set) {
    if (place.good_until < oldest->good_until) oldest = &place;
  }
  *oldest = token;
  return *oldest;
}

VerifiedToken verify(std::string_view compact, const Sha256Digest& digest, TimestampTz now) {
  const UnverifiedAccessToken unverified(compact);
  const auto key = find_verification_key(unverified.key_id());
  if (!key) throw InvalidAccessToken("the key is unknown or retired");
  const AccessToken token =
      unverified.verify(*key->key, setting("issuer"), setting("audience"), pg::unix_from_timestamp(now));

  VerifiedToken verified;
  verified.digest = digest;
  verified.user_id = token.user_id;
  verified.session_id = token.session_id;
  verified.is_aal2 = token.assurance_level == "aal2";
  // A token from the far future would overflow the server's clock; nobody has signed one, nor shall it
  // matter.
  verified.expires_at =
      token.expires_at < pg::kLastUnixSecond ? pg::timestamp_from_unix(token.expires_at) : DT_NOEND;
  verified.good_until = std::min({now + kGoodFor, verified.expires_at, key->verify_until});
  return verified;
}

}  // namespace

pg::SqlError invalid_credentials() {
  return {MAKE_SQLSTATE('A', '0', '4', '0', '1'), "Could not validate credentials",
          R"({"WWW-Authenticate": "Bearer"})"};
}

pg::SqlError not_authenticated() {
  return {MAKE_SQLSTATE('A', '0', '4', '0', '1'), "Not authenticated", R"({"WWW-Authenticate": "Bearer"})"};
}

const VerifiedToken& verify_access_token(std::string_view token) {
  if (token.size() > kMaximumAccessTokenBytes) throw invalid_credentials();
  const Sha256Digest digest = sha256(as_bytes(token));
  const TimestampTz now = GetCurrentTimestamp();
  if (const VerifiedToken* known = recall(digest, now)) return *known;
  try {
    return remember(verify(token, digest, now));
  } catch (const InvalidAccessToken&) {
    throw invalid_credentials();
  }
}

}  // namespace auth
