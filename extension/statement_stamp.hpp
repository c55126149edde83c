// When two calls may share what one of them has read: under the same stamp, a query sees the same rows.
//
// A function call's own memory (fn_extra) lives longer than a statement: PL/pgSQL keeps it for a whole
// transaction where it evaluates a simple expression, and a cursor for many commands. So whatever is kept
// there carries a stamp and is thrown away when the stamp has changed. What a stamp is made of:
// - The snapshot's bounds and counts. Of two snapshots with the same bounds, the later one can only have
// fewer
//   transactions in progress between them, so equal counts mean equal sets. (PostgreSQL's own counter of
//   completed transactions would be simpler, but the copy of a snapshot that is active does not have it.)
// - The snapshot's command counter: which of its own transaction's changes it shows.
// - How many transactions and subtransactions this server process has seen end: what a subtransaction that
// was rolled
//   back had changed is visible no more, under the same snapshot.
// - The statement's clock, which decides what has expired.
#pragma once

#include "postgres.hpp"

namespace auth {

struct StatementStamp {
  std::uint64_t transaction_ends;  // 0: no stamp that any call has
  TransactionId xmin;
  TransactionId xmax;
  std::uint32_t in_progress;
  std::int32_t subtransactions_in_progress;
  bool overflowed;
  CommandId command;
  TimestampTz clock;

  bool operator==(const StatementStamp&) const = default;
};

// The stamp of now. There must be an active snapshot, as there is in every function that SQL calls.
StatementStamp statement_stamp();

// To be called whenever a transaction or subtransaction ends.
void count_transaction_end() noexcept;

// How many have ended, plus one.
std::uint64_t transaction_ends() noexcept;

}  // namespace auth
