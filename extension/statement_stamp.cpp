#include "statement_stamp.hpp"

namespace auth {
namespace {

constinit std::uint64_t counted_ends = 1;

}  // namespace

StatementStamp statement_stamp() {
  const SnapshotData& snapshot = *GetActiveSnapshot();
  return {.transaction_ends = counted_ends,
          .xmin = snapshot.xmin,
          .xmax = snapshot.xmax,
          .in_progress = snapshot.xcnt,
          .subtransactions_in_progress = snapshot.subxcnt,
          .overflowed = snapshot.suboverflowed,
          .command = snapshot.curcid,
          .clock = GetCurrentStatementStartTimestamp()};
}

void count_transaction_end() noexcept { ++counted_ends; }

std::uint64_t transaction_ends() noexcept { return counted_ends; }

}  // namespace auth
