#include "statement_stamp.hpp"

namespace auth {
namespace {

constinit std::uint64_t transaction_ends = 1;

}  // namespace

StatementStamp statement_stamp() {
  const SnapshotData& snapshot = *GetActiveSnapshot();
  return {.transaction_ends = transaction_ends,
          .xmin = snapshot.xmin,
          .xmax = snapshot.xmax,
          .in_progress = snapshot.xcnt,
          .subtransactions_in_progress = snapshot.subxcnt,
          .overflowed = snapshot.suboverflowed,
          .command = snapshot.curcid,
          .clock = GetCurrentStatementStartTimestamp()};
}

void count_transaction_end() noexcept { ++transaction_ends; }

}  // namespace auth
