#include "transaction_identity.hpp"

#include "live_session.hpp"
#include "statement_stamp.hpp"

namespace auth {
namespace {

struct Frame {  // in TopTransactionContext, which PostgreSQL frees when the transaction ends
  Identity identity;
  SubTransactionId subtransaction;
  Frame* below;
};
constinit Frame* top = nullptr;

// A policy asks for the identity once a row, so the answer is kept for the statement.
struct CheckedSession {
  StatementStamp stamp;
  TimestampTz lives_until;
};
constinit CheckedSession checked{};

extern "C" void forget_identity(XactEvent event, void*) noexcept {
  count_transaction_end();
  switch (event) {
    case XACT_EVENT_COMMIT:
    case XACT_EVENT_ABORT:
    case XACT_EVENT_PREPARE:
    case XACT_EVENT_PARALLEL_COMMIT:
    case XACT_EVENT_PARALLEL_ABORT:
      top = nullptr;
      break;
    default:  // before the end: deferred triggers still need to know
      break;
  }
}

extern "C" void restore_identity(SubXactEvent event, SubTransactionId subtransaction, SubTransactionId parent,
                                 void*) noexcept {
  count_transaction_end();
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

TimestampTz lives_until(const Identity& identity) {
  const StatementStamp stamp = statement_stamp();
  if (checked.stamp != stamp) {
    checked.stamp = {};
    checked.lives_until = session_lives_until(identity.session_id, identity.user_id);
    checked.stamp = stamp;
  }
  return checked.lives_until;
}

}  // namespace

void watch_transactions() {
  RegisterXactCallback(forget_identity, nullptr);
  RegisterSubXactCallback(restore_identity, nullptr);
}

void remember_identity(const Identity& identity) {
  checked.stamp = {};
  const SubTransactionId subtransaction = GetCurrentSubTransactionId();
  if (top == nullptr || top->subtransaction != subtransaction) {
    auto* const memory = pg::call([] { return MemoryContextAlloc(TopTransactionContext, sizeof(Frame)); });
    top = new (memory) Frame{.identity = identity, .subtransaction = subtransaction, .below = top};
  } else {
    top->identity = identity;
  }
}

const Identity* live_identity() {
  if (top == nullptr || lives_until(top->identity) <= GetCurrentStatementStartTimestamp()) return nullptr;
  return &top->identity;
}

}  // namespace auth
