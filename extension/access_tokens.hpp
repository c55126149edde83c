// Access tokens that callers present: verified once, then remembered for a while.
#pragma once

#include "core/sha256.hpp"
#include "core/uuid.hpp"

#include "values.hpp"

namespace auth {

// What a verified token says.
struct VerifiedToken {
  Sha256Digest digest;  // of the token's characters
  std::int64_t user_id;
  Uuid session_id;
  bool is_aal2;
  TimestampTz expires_at;
  TimestampTz good_until;  // when it has to be verified again: at most 60 s from its verification
};

// The refusal of a token: SQLSTATE A0401 with the header WWW-Authenticate (RFC 6750 section 3). It never says
// what is wrong with the token.
pg::SqlError invalid_credentials();
// The refusal of a call that brought none.
pg::SqlError not_authenticated();

// Verifies a token: signature by a key of auth.signing_keys, algorithm, type, issuer, audience and expiry.
// Whether its session still lives is not looked at. Throws invalid_credentials(). The reference is good until
// the next call.
const VerifiedToken& verify_access_token(std::string_view token);

}  // namespace auth
