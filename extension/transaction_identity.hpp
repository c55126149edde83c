// Who is authenticated in this transaction. Kept in the server process's memory, where no SQL can write it,
// and forgotten when the transaction ends, so that a pooled connection cannot hand it to its next user.
//
// Subtransactions: an identity set after a savepoint disappears when the transaction rolls back to that
// savepoint, and the one before it is back. So identities form a stack, at most one for each open
// subtransaction.
#pragma once

#include "core/uuid.hpp"

#include "values.hpp"

namespace auth {

struct Identity {
  std::int64_t user_id;
  Uuid session_id;
};

// Registers for the ends of transactions. For _PG_init.
void watch_transactions();

// Sets the identity for the rest of this (sub)transaction.
void remember_identity(const Identity& identity);

// The identity, as long as its session still lives under the active snapshot: so the statement after a
// revocation, by whomever, sees nobody. Null when there is none.
const Identity* live_identity();

}  // namespace auth
