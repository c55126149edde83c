#include "transaction_identity.hpp"

#include "live_session.hpp"

namespace auth {
namespace {

struct Frame {  // in TopTransactionContext, which PostgreSQL frees when the transaction ends
  Identity identity;
  SubTransactionId subtransaction;
  Frame* below;
};
constinit Frame* top = nullptr;

// What a snapshot shows is determined by these: of two snapshots with the same bounds, the later one can only
// have fewer transactions in progress between them, so equal counts mean equal sets. (PostgreSQL's own
// counter of completed transactions would be simpler, but the copy of a snapshot that is active does not have
// it.)
struct SnapshotKey {
  TransactionId xmin;
  TransactionId xmax;
  std::uint32_t in_progress;
  std::int32_t subtransactions_in_progress;
  bool overflowed;
  CommandId command;

  bool operator==(const SnapshotKey&) const = default;
};

// A policy asks for the identity once a row, so the answer is kept as long as the snapshot shows the same. A
// function call's own memory (fn_extra) would not do: PL/pgSQL keeps it for more than a statement.
struct CheckedSession {
  bool valid;
  SnapshotKey snapshot;
  TimestampTz lives_until;
};
constinit CheckedSession checked{};

extern "C" void forget_identity(XactEvent event, void*) noexcept {
  switch (event) {
    case XACT_EVENT_COMMIT:
    case XACT_EVENT_ABORT:
    case XACT_EVENT_PREPARE:
    case XACT_EVENT_PARALLEL_COMMIT:
    case XACT_EVENT_PARALLEL_ABORT:
      top = nullptr;
      checked.valid = false;
      break;
    default:  // before the end: deferred triggers still need to know
      break;
  }
}

extern "C" void restore_identity(SubXactEvent event, SubTransactionId subtransaction, SubTransactionId parent,
                                 void*) noexcept {
  // What a subtransaction that was rolled back had changed is visible no more, under the same snapshot.
  checked.valid = false;
  if (top == nullptr || top->subtransaction != subtransaction) return;
  if (event == SUBXACT_EVENT_ABORT_SUB) {
    top = top->below;
  } else if (event == SUBXACT_EVENT_COMMIT_SUB) {
    if (top->below != nullptr && top->below->subtransaction == parent) {
      top->below->identity = top->identity;
      top = top->below;
    } else {
      top->subtransaction = parent;
    }
  }
}

SnapshotKey key_of(const SnapshotData& snapshot) {
  return {snapshot.xmin,    snapshot.xmax,          snapshot.xcnt,
          snapshot.subxcnt, snapshot.suboverflowed, snapshot.curcid};
}

TimestampTz lives_until(const Identity& identity) {
  const Snapshot snapshot = pg::call([] { return GetActiveSnapshot(); });
  const SnapshotKey key = key_of(*snapshot);
  if (!checked.valid || checked.snapshot != key) {
    checked.lives_until = session_lives_until(identity.session_id, identity.user_id);
    checked.snapshot = key;
    checked.valid = true;
  }
  return checked.lives_until;
}

}  // namespace

void watch_transactions() {
  RegisterXactCallback(forget_identity, nullptr);
  RegisterSubXactCallback(restore_identity, nullptr);
}

void remember_identity(const Identity& identity) {
  checked.valid = false;
  const SubTransactionId subtransaction = GetCurrentSubTransactionId();
  if (top == nullptr || top->subtransaction != subtransaction) {
    auto* const memory = pg::call([] { return MemoryContextAlloc(TopTransactionContext, sizeof(Frame)); });
    top = new (memory) Frame{.identity = identity, .subtransaction = subtransaction, .below = top};
  } else {
    top->identity = identity;
  }
}

const Identity* live_identity() {
  if (top == nullptr || lives_until(top->identity) <= GetCurrentTimestamp()) return nullptr;
  return &top->identity;
}

}  // namespace auth
