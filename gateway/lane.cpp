#include "lane.hpp"

#include <algorithm>

#include "log.hpp"
#include "metrics.hpp"

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

struct Lane::Gauges {
  prometheus::Gauge& busy;
  prometheus::Gauge& idle;
  prometheus::Gauge& waiting;
  double last_busy = 0, last_idle = 0, last_waiting = 0;

  static void move(prometheus::Gauge& gauge, double& last, double now) {
    if (now != last) gauge.Increment(now - last);
    last = now;
  }
};

Lane::Lane(EventLoop& loop, const std::string& database_url, const LaneOptions& options,
           OverflowBudget& budget, Metrics& metrics)
    : loop_(loop),
      options_(options),
      parameters_(database_url, options.statement_timeout),
      budget_(budget),
      gauges_(new Gauges{metrics.database_connections(options.name, "busy"),
                         metrics.database_connections(options.name, "idle"),
                         metrics.database_waiting(options.name)}) {}

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
  if (is_hopeless()) return call->on_failure(Failure::unavailable);
  call->wait_until = loop_.now() + options_.pool_timeout;
  if (first) {
    waiting_.push_front(std::move(call));
  } else if (waiting_.size() >= options_.maximum_waiting) {
    return call->on_failure(Failure::busy);
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
  return std::all_of(slots_.begin(), slots_.end(), [](const Slot& slot) {
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
  if (slot.failures > 0) log(LogLevel::info, "connected to the database again", {{"lane", options_.name}});
  slot.failures = 0;
  if (connected_callback_) connected_callback_();
  dispatch();
}

void Lane::on_answered(DatabaseConnection&) { dispatch(); }

void Lane::on_closed(DatabaseConnection& connection, Closing closing, CallQueue unanswered,
                     const std::string& reason) {
  Slot& slot = slot_of(connection);
  if (closing == Closing::lost || (closing == Closing::not_made && slot.failures == 0)) {
    log(LogLevel::warning,
        closing == Closing::lost ? "database connection lost" : "cannot connect to the database",
        {{"lane", options_.name}, {"reason", reason}});
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
  for (CallPointer& call : lost) call->on_failure(Failure::lost);
  if (is_hopeless()) {
    fail_waiting(Failure::unavailable);
  } else {
    dispatch();
  }
}

void Lane::fail_waiting(Failure failure) {
  CallQueue failed;
  failed.swap(waiting_);
  for (CallPointer& call : failed) call->on_failure(failure);
}

void Lane::sweep() {
  const auto now = loop_.now();
  CallQueue expired, kept;
  for (CallPointer& call : waiting_) {
    if (!call->is_wanted()) continue;
    (call->wait_until < now ? expired : kept).push_back(std::move(call));
  }
  waiting_.swap(kept);
  for (CallPointer& call : expired) call->on_failure(Failure::timeout);

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
  double busy = 0, idle = 0;
  for (const Slot& slot : slots_) {
    if (slot.connection->state() == DatabaseConnection::State::closed ||
        slot.connection->state() == DatabaseConnection::State::connecting) {
      continue;
    }
    (slot.connection->in_flight() > 0 ? busy : idle) += 1;
  }
  Gauges::move(gauges_->busy, gauges_->last_busy, busy);
  Gauges::move(gauges_->idle, gauges_->last_idle, idle);
  Gauges::move(gauges_->waiting, gauges_->last_waiting, static_cast<double>(waiting_.size()));
}

}  // namespace gateway
