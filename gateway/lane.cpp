#include "lane.hpp"

#include <algorithm>

#include "connection_advice.hpp"
#include "log.hpp"
#include "outage.hpp"

namespace gateway {
namespace {

constexpr std::chrono::milliseconds kSweepInterval{250};
constexpr std::chrono::milliseconds kFirstBackoff{50};
constexpr std::chrono::milliseconds kLongestBackoff{500};  // service returns within 2 s of the database
constexpr std::chrono::seconds kOverflowIdle{10};          // then an additional connection is closed
constexpr std::chrono::seconds kOverflowPause{1};          // after one could not be made

// The n-th attempt in a row: at once, 50 ms, 100 ms, … 500 ms.
std::chrono::milliseconds backoff(int failures) {
  if (failures == 0) return std::chrono::milliseconds{0};
  return std::min(kLongestBackoff, kFirstBackoff * (1 << std::min(failures - 1, 10)));
}

}  // namespace

Lane::Lane(EventLoop& loop, const std::string& database_url, const LaneOptions& options,
           OverflowBudget& budget, Metrics& metrics)
    : loop_(loop),
      options_(options),
      parameters_(database_url, options.statement_timeout),
      budget_(budget),
      metrics_(metrics.lane(options.name)) {}

Lane::~Lane() { *is_alive_ = false; }

void Lane::start(std::function<void()> on_connected) {
  connected_callback_ = std::move(on_connected);
  for (int index = 0; index < options_.connections_at_rest; ++index) {
    add_slot(false);
  }
  for (Slot& slot : slots_) slot.connection->open();
  sweep_later();
}

void Lane::submit(CallPointer call) { admit(std::move(call), false); }

void Lane::submit_first(CallPointer call) { admit(std::move(call), true); }

void Lane::admit(CallPointer call, bool first) {
  if (is_hopeless()) return fail(*call, Failure::unavailable);
  call->wait_until = loop_.now() + options_.pool_timeout;
  if (first) {
    waiting_.push_front(std::move(call));
  } else if (waiting_.size() >= options_.maximum_waiting) {
    return fail(*call, Failure::busy);
  } else {
    waiting_.push_back(std::move(call));
  }
  dispatch();
}

bool Lane::is_connected() const {
  return std::any_of(slots_.begin(), slots_.end(), [](const Slot& slot) {
    return slot.connection->state() == DatabaseConnection::State::ready;
  });
}

bool Lane::is_hopeless() const {
  return !slots_.empty() && std::all_of(slots_.begin(), slots_.end(), [](const Slot& slot) {
    const auto state = slot.connection->state();
    return slot.failures > 0 &&
           (state == DatabaseConnection::State::closed || state == DatabaseConnection::State::connecting);
  });
}

DatabaseConnection* Lane::free_connection() {
  for (Slot& slot : slots_) {  // in order, so that additional ones become idle first
    if (slot.connection->can_take()) return slot.connection.get();
  }
  return nullptr;
}

void Lane::dispatch() {
  while (!waiting_.empty()) {
    if (!waiting_.front()->is_wanted()) {
      waiting_.pop_front();
      continue;
    }
    DatabaseConnection* connection = free_connection();
    if (connection == nullptr) return add_overflow();
    CallPointer call = std::move(waiting_.front());
    waiting_.pop_front();
    connection->send(std::move(call));
    if (connection->is_broken()) {
      loop_.at(loop_.now(), [this, alive = is_alive_] {
        if (*alive) sweep();
      });
    }
  }
}

// One at a time: a new one helps only once it is made, and by then the queue may be gone.
void Lane::add_overflow() {
  if (is_stopping_ || budget_.left == 0 || overflow_ >= options_.maximum_overflow) return;
  if (loop_.now() < no_overflow_before_) return;
  const bool one_is_coming = std::any_of(slots_.begin(), slots_.end(), [](const Slot& slot) {
    return slot.connection->state() == DatabaseConnection::State::connecting;
  });
  if (one_is_coming || !is_connected()) return;
  --budget_.left;
  ++overflow_;
  add_slot(true).connection->open();
}

Lane::Slot& Lane::add_slot(bool is_overflow) {
  ConnectionOwner& owner = *this;
  auto connection = std::make_unique<DatabaseConnection>(loop_, parameters_, options_.in_flight, owner);
  return slots_.emplace_back(Slot{std::move(connection), is_overflow, 0});
}

Lane::Slot& Lane::slot_of(const DatabaseConnection& connection) {
  return *std::find_if(slots_.begin(), slots_.end(),
                       [&connection](const Slot& slot) { return slot.connection.get() == &connection; });
}

void Lane::on_connected(DatabaseConnection& connection) {
  Slot& slot = slot_of(connection);
  if (outage().is_over()) log(LogLevel::info, "connected to the database again");
  slot.failures = 0;
  metrics_.connected.Increment();
  if (connected_callback_) connected_callback_();
  dispatch();
}

void Lane::on_answered(DatabaseConnection&) { dispatch(); }

void Lane::on_closed(DatabaseConnection& connection, Closing closing, CallQueue unanswered,
                     const std::string& reason) {
  Slot& slot = slot_of(connection);
  if (closing == Closing::lost) {
    metrics_.lost_connections.Increment();
    log(LogLevel::warning, "database connection lost", {{"lane", options_.name}, {"reason", reason}});
  } else if (closing == Closing::not_made) {
    metrics_.failed.Increment();
    if (outage().is_news(reason)) {
      log(LogLevel::error, "cannot connect to the database",
          {{"reason", reason}, {"advice", connection_advice(reason)}});
    }
  }
  if (slot.is_overflow) {  // the next sweep removes it
    if (closing == Closing::not_made) no_overflow_before_ = loop_.now() + kOverflowPause;
  } else if (!is_stopping_) {
    const bool was_short = closing == Closing::lost && loop_.now() - connection.opened_at() < kLongestBackoff;
    if (closing == Closing::not_made) ++slot.failures;
    reopen(connection, was_short ? 1 : slot.failures);
  }
  settle_unanswered(std::move(unanswered));
}

void Lane::reopen(DatabaseConnection& connection, int failures) {
  if (failures == 0) return connection.open();
  loop_.at(loop_.now() + backoff(failures), [this, alive = is_alive_, &connection] {
    const bool is_due = *alive && !is_stopping_;  // those at rest live as long as the lane
    if (is_due && connection.state() == DatabaseConnection::State::closed) connection.open();
  });
}

void Lane::retry_now() {
  for (Slot& slot : slots_) {
    if (slot.is_overflow || slot.failures == 0 || is_stopping_) continue;
    slot.failures = 0;
    if (slot.connection->state() == DatabaseConnection::State::closed) slot.connection->open();
  }
}

// Calls that write nothing go to the head of the queue once more, in their order; for the others nobody knows
// whether they were carried out.
void Lane::settle_unanswered(CallQueue unanswered) {
  CallQueue lost;
  for (auto call = unanswered.rbegin(); call != unanswered.rend(); ++call) {
    const bool again = (*call)->may_repeat() && !(*call)->is_repeated;
    (*call)->is_repeated = true;
    (again ? waiting_ : lost).push_front(std::move(*call));
  }
  for (CallPointer& call : lost) fail(*call, Failure::lost);
  if (is_hopeless()) {
    fail_waiting(Failure::unavailable);
  } else {
    dispatch();
  }
}

void Lane::fail(Call& call, Failure failure) {
  switch (failure) {
    case Failure::busy:
      metrics_.refused_busy.Increment();
      break;
    case Failure::timeout:
      metrics_.refused_timeout.Increment();
      break;
    case Failure::unavailable:
      metrics_.refused_unavailable.Increment();
      break;
    case Failure::lost:
      metrics_.refused_lost.Increment();
      break;
  }
  call.on_failure(failure);
}

void Lane::fail_waiting(Failure failure) {
  CallQueue failed;
  failed.swap(waiting_);
  for (CallPointer& call : failed) fail(*call, failure);
}

void Lane::sweep() {
  const auto now = loop_.now();
  CallQueue expired, kept;
  for (CallPointer& call : waiting_) {
    if (!call->is_wanted()) continue;
    (call->wait_until < now ? expired : kept).push_back(std::move(call));
  }
  waiting_.swap(kept);
  for (CallPointer& call : expired) fail(*call, Failure::timeout);

  for (std::size_t index = 0; index < slots_.size(); ++index) {  // callbacks may add slots
    DatabaseConnection& connection = *slots_[index].connection;
    connection.check_deadlines();
    if (connection.state() != DatabaseConnection::State::ready) continue;
    const bool is_spare = slots_[index].is_overflow && connection.in_flight() == 0 &&
                          now - connection.idle_since() > kOverflowIdle;
    if (is_spare || now - connection.opened_at() > options_.pool_recycle) connection.retire();
  }
  const auto removed = std::erase_if(slots_, [](const Slot& slot) {
    return slot.is_overflow && slot.connection->state() == DatabaseConnection::State::closed;
  });
  overflow_ -= static_cast<int>(removed);
  budget_.left += static_cast<int>(removed);
  dispatch();
  report();
}

void Lane::sweep_later() {
  loop_.at(loop_.now() + kSweepInterval, [this, alive = is_alive_] {
    if (!*alive) return;
    sweep();
    sweep_later();
  });
}

void Lane::report() {
  Reported now;
  for (const Slot& slot : slots_) {
    const auto state = slot.connection->state();
    if (state == DatabaseConnection::State::closed) continue;
    const bool is_made = state != DatabaseConnection::State::connecting;
    const auto calls = static_cast<double>(slot.connection->in_flight());
    (!is_made ? now.connecting : calls > 0 ? now.busy : now.idle) += 1;
    now.in_flight += calls;
  }
  now.waiting = static_cast<double>(waiting_.size());
  metrics_.busy.Increment(now.busy - reported_.busy);
  metrics_.idle.Increment(now.idle - reported_.idle);
  metrics_.connecting.Increment(now.connecting - reported_.connecting);
  metrics_.in_flight.Increment(now.in_flight - reported_.in_flight);
  metrics_.waiting.Increment(now.waiting - reported_.waiting);
  reported_ = now;
}

}  // namespace gateway
