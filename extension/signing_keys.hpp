// The signing keys in auth.signing_keys, as this server process uses them.
#pragma once

#include "core/signing_key.hpp"

#include "values.hpp"

namespace auth {

// The key that signs now. Makes the first one (auth.ensure_signing_key) if there is none. Needs the rights of
// auth_owner. Opens a private key once a process and holds it until another one signs. Throws pg::SqlError
// F0000 when the key file does not open it. The reference is good until the next call.
const SigningKey& active_signing_key();

// A key that verifies, and until when.
struct VerificationKey {
  const PublicKey* key;      // good until the next call of find_verification_key()
  TimestampTz verify_until;  // DT_NOEND: it is the one that signs
};

// Finds a key by its id under the active snapshot, with a direct scan, since the caller may lack all rights.
// Nothing when there is none or its time is up.
std::optional<VerificationKey> find_verification_key(const std::string& key_id);

}  // namespace auth
