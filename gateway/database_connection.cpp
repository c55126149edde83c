#include "database_connection.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <sstream>
#include <system_error>

#include "log.hpp"

namespace gateway {
namespace {

// A route table has a handful of argument sets a route; beyond this bound statements are sent unnamed, so
// that nobody can fill the server's memory by leaving out arguments in every combination.
constexpr std::size_t kMaximumPrepared = 1000;

// How long after statement_timeout a server that has not answered is taken for dead.
constexpr std::chrono::seconds kAnswerGrace{5};

// How long an answer may take before it is looked for without regard to how much of it has come.
constexpr std::chrono::milliseconds kPatience{100};

// BindComplete, DataRow, CommandComplete and ReadyForQuery without any value (PostgreSQL's documentation,
// "Message Formats"). An error takes more.
constexpr std::size_t kLeastAnswer = 35;

std::size_t answer_bytes(const PGresult* rows) {
  std::size_t bytes = kLeastAnswer;
  for (int column = 0; PQntuples(rows) > 0 && column < PQnfields(rows); ++column) {
    bytes += static_cast<std::size_t>(PQgetlength(rows, 0, column));
  }
  return bytes;
}

// Unique in what it stands for, not only on this connection: behind a pooler another client's statement may
// be found under the same name, and must then be the same statement.
std::string statement_name(const StatementKey& key, const std::string& sql) {
  std::ostringstream name;
  name << "auth_" << std::hex << std::hash<std::string>{}(sql) << '_' << key.route << '_' << key.given;
  return name.str();
}

bool is_fatal(const PGresult* result) {
  const char* severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
  // Without any field the message is libpq's own: the connection is gone.
  return severity == nullptr || std::string_view(severity) == "FATAL" ||
         std::string_view(severity) == "PANIC";
}

}  // namespace

DatabaseConnection::DatabaseConnection(EventLoop& loop, const ConnectionParameters& parameters,
                                       std::size_t capacity, ConnectionOwner& owner)
    : loop_(loop), parameters_(parameters), capacity_(capacity), owner_(owner) {}

DatabaseConnection::~DatabaseConnection() { unwatch(); }

void DatabaseConnection::open() {
  opened_at_ = idle_since_ = loop_.now();
  state_ = State::connecting;
  is_broken_ = false;
  if (!needs_lookup(parameters_.hosts())) return start(parameters_.hosts());
  try {
    lookup_ = std::make_unique<HostLookup>(loop_, parameters_.hosts(), [this](const HostAddresses& found) {
      lookup_.reset();
      if (found.entries.empty()) return close(found.error);
      start(found.entries);
    });
  } catch (const std::system_error& error) {
    close(error.what());
  }
}

void DatabaseConnection::start(const std::vector<HostAddress>& entries) {
  attempt_ = std::make_unique<ConnectionAttempt>(parameters_, entries, loop_.now());
  follow_attempt();
}

// The old descriptor leaves the event loop before the attempt goes on, whatever there is enters it
// afterwards.
void DatabaseConnection::continue_connecting() {
  unwatch();
  attempt_->proceed(loop_.now());
  follow_attempt();
}

void DatabaseConnection::follow_attempt() {
  switch (attempt_->progress()) {
    case ConnectionAttempt::Progress::reading:
      watch(attempt_->socket(), {.read = true, .write = false});
      return;
    case ConnectionAttempt::Progress::writing:
      watch(attempt_->socket(), {.read = false, .write = true});
      return;
    case ConnectionAttempt::Progress::failed:
      return close(attempt_->failure());
    case ConnectionAttempt::Progress::connected:
      break;
  }
  connection_ = attempt_->take();
  attempt_.reset();
  if (PQsetnonblocking(connection_.get(), 1) != 0 || PQenterPipelineMode(connection_.get()) != 1) {
    return close(PQerrorMessage(connection_.get()));
  }
  PQsetNoticeReceiver(
      connection_.get(),
      [](void* self, const PGresult* notice) { static_cast<DatabaseConnection*>(self)->take_notice(notice); },
      this);
  state_ = State::ready;
  opened_at_ = idle_since_ = loop_.now();
  cork();
  batching_.begin(PQsocket(connection_.get()), is_corked_ && PQsslInUse(connection_.get()) == 0);
  watch(PQsocket(connection_.get()), {.read = true, .write = false});
  owner_.on_connected(*this);
}

void DatabaseConnection::send(CallPointer call) {
  const StatementKey key = call->statement();
  InFlight entry{nullptr, key, false, false, loop_.now(), nullptr};
  const bool sent = send_statement(*call, entry);
  entry.call = std::move(call);
  in_flight_.push_back(std::move(entry));
  if (!sent || PQpipelineSync(connection_.get()) != 1) is_broken_ = true;
  flush();
}

bool DatabaseConnection::send_statement(const Call& call, InFlight& entry) {
  pointers_.clear();
  call.append_parameters(pointers_);
  const int count = static_cast<int>(pointers_.size());
  auto statement = prepared_.find(entry.key);
  if (statement == prepared_.end()) {
    const std::string sql = call.sql();
    if (entry.key.route == 0 || has_forgetful_server_ || prepared_.size() >= kMaximumPrepared) {
      return PQsendQueryParams(connection_.get(), sql.c_str(), count, nullptr, pointers_.data(), nullptr,
                               nullptr, 0) == 1;
    }
    statement = prepared_.emplace(entry.key, statement_name(entry.key, sql)).first;
    entry.awaits_prepare = true;
    if (PQsendPrepare(connection_.get(), statement->second.c_str(), sql.c_str(), count, nullptr) != 1) {
      return false;
    }
  }
  entry.is_named = true;
  return PQsendQueryPrepared(connection_.get(), statement->second.c_str(), count, pointers_.data(), nullptr,
                             nullptr, 0) == 1;
}

void DatabaseConnection::on_ready(Interest ready) {
  if (state_ == State::closed) return;
  if (state_ == State::connecting) {
    // An event of an older descriptor of the same number says nothing about this one.
    if ((ready.read && interest_.read) || (ready.write && interest_.write)) continue_connecting();
    return;
  }
  if (!read_results()) return;
  flush();
  if (is_broken_) {
    close(PQerrorMessage(connection_.get()));
  } else if (state_ == State::retiring && in_flight_.empty()) {
    close("");
  } else {
    batching_.wait_for(in_flight_.size());
  }
}

bool DatabaseConnection::read_results() {
  // OpenSSL may hold the second half of a record (at most 16 KB) that epoll does not know of; libpq reads at
  // least 8 KB at a time, so a second turn leaves nothing behind.
  const int turns = PQsslInUse(connection_.get()) != 0 ? 2 : 1;
  for (int turn = 0; turn < turns; ++turn) {
    if (PQconsumeInput(connection_.get()) != 1) {
      close(PQerrorMessage(connection_.get()));
      return false;
    }
    // A NULL ends a statement's results; two in a row mean that libpq has nothing more for us although calls
    // are in flight.
    int nulls = 0;
    while (!in_flight_.empty() && PQisBusy(connection_.get()) == 0) {
      Result result(PQgetResult(connection_.get()));
      if (!result) {
        if (PQstatus(connection_.get()) == CONNECTION_BAD || ++nulls > 1) {
          close(PQerrorMessage(connection_.get()));
          return false;
        }
        continue;
      }
      nulls = 0;
      if (!take_result(std::move(result))) return false;
    }
    if (PQstatus(connection_.get()) == CONNECTION_BAD) {
      close(PQerrorMessage(connection_.get()));
      return false;
    }
  }
  return true;
}

// Files one result under the oldest call. False when the connection has been closed.
bool DatabaseConnection::take_result(Result result) {
  InFlight& oldest = in_flight_.front();
  switch (PQresultStatus(result.get())) {
    case PGRES_COMMAND_OK:
      if (oldest.awaits_prepare && !oldest.result) {
        oldest.awaits_prepare = false;
        return true;
      }
      break;
    case PGRES_TUPLES_OK:
      if (!oldest.awaits_prepare && !oldest.result) {
        oldest.result = std::move(result);
        batching_.note_answer(answer_bytes(oldest.result.get()));
        return true;
      }
      break;
    case PGRES_FATAL_ERROR:
      if (is_fatal(result.get())) {
        close(PQresultErrorMessage(result.get()));
        return false;
      }
      // Also after rows: then the commit failed (a deferred constraint), and the rows are not true.
      oldest.result = std::move(result);
      batching_.note_answer(kLeastAnswer);
      return true;
    case PGRES_PIPELINE_ABORTED:  // the statement whose preparation failed
      if (oldest.result) return true;
      break;
    case PGRES_PIPELINE_SYNC:
      if (oldest.result) {
        finish_call();
        return true;
      }
      break;
    default:
      break;
  }
  close("the server's answers are out of order");
  return false;
}

// A WARNING is meant for whoever runs the server (auth.list_routes names a route's missing function that
// way); an INFO of SQLSTATE A0AUD belongs to the call that is being answered.
void DatabaseConnection::take_notice(const PGresult* notice) {
  const auto field = [notice](int code) {
    const char* text = PQresultErrorField(notice, code);
    return text == nullptr ? std::string_view() : std::string_view(text);
  };
  const std::string_view message = field(PG_DIAG_MESSAGE_PRIMARY);
  if (field(PG_DIAG_SQLSTATE) == "A0AUD" && !in_flight_.empty())
    return in_flight_.front().call->on_audit(message);
  const bool is_warning = field(PG_DIAG_SEVERITY_NONLOCALIZED) == "WARNING";
  log(is_warning ? LogLevel::warning : LogLevel::debug, "database notice", {{"notice", message}});
}

void DatabaseConnection::finish_call() {
  notice_lost_socket();
  InFlight finished = std::move(in_flight_.front());
  in_flight_.pop_front();
  if (in_flight_.empty()) idle_since_ = loop_.now();
  if (PQresultStatus(finished.result.get()) != PGRES_TUPLES_OK) {
    const std::string_view sqlstate = sqlstate_of(finished.result.get());
    if (finished.awaits_prepare) prepared_.erase(finished.key);
    if (finished.is_named && (sqlstate == "26000" || sqlstate == "42P05") && !is_broken_) {
      // Behind a pooler that gives each transaction another session: nothing was carried out, names are no
      // use.
      has_forgetful_server_ = true;
      prepared_.clear();
      return send(std::move(finished.call));
    }
    if (sqlstate == "0A000") state_ = State::retiring;  // its statements are no longer what they were
  }
  finished.call->on_result(finished.result.get());
  owner_.on_answered(*this);
}

void DatabaseConnection::retire() {
  if (state_ != State::ready) return;
  state_ = State::retiring;
  if (in_flight_.empty()) close("");
}

void DatabaseConnection::check_deadlines() {
  if (state_ == State::closed || lookup_) return;  // a lookup ends when the resolver gives up
  const auto now = loop_.now();
  if (state_ == State::connecting) {
    if (!attempt_->is_overdue(now)) return;
    unwatch();
    attempt_->try_others(now);
    follow_attempt();
  } else if (is_broken_) {
    close(PQerrorMessage(connection_.get()));
  } else if (!in_flight_.empty() &&
             now - in_flight_.front().sent_at > parameters_.statement_timeout() + kAnswerGrace) {
    close("the server did not answer");
  } else if (!in_flight_.empty() && now - in_flight_.front().sent_at > kPatience) {
    batching_.be_eager();
  }
}

void DatabaseConnection::flush() {
  const int pending = PQflush(connection_.get());
  if (pending < 0) is_broken_ = true;
  notice_lost_socket();
  // Reading goes on while writing waits: the server may itself be waiting for us to read.
  if (!is_broken_) watch(PQsocket(connection_.get()), {.read = true, .write = pending == 1});
  if (is_corked_) loop_.push_after_turn(watched_);
}

// libpq 15 sends every PQpipelineSync by itself, and each packet would wake the server. Corked, the requests
// of one turn go out as one: 17 % more requests a second with 64 clients. Not over Unix sockets.
void DatabaseConnection::cork() {
  const int on = 1;
  is_corked_ = setsockopt(PQsocket(connection_.get()), IPPROTO_TCP, TCP_CORK, &on, sizeof on) == 0;
}

// libpq closes its socket wherever it reads an end of file, also while it sends. Its number may be given to
// the next one that anybody opens, so it must leave the event loop before anything else happens.
void DatabaseConnection::notice_lost_socket() {
  if (PQsocket(connection_.get()) == watched_) return;
  unwatch();
  is_broken_ = true;
}

void DatabaseConnection::watch(int descriptor, Interest interest) {
  if (descriptor < 0) return;
  if (watched_ == descriptor && interest_.read == interest.read && interest_.write == interest.write) return;
  watched_ = descriptor;
  interest_ = interest;
  loop_.watch(descriptor, interest, *this);
}

void DatabaseConnection::unwatch() {
  if (watched_ < 0) return;
  loop_.unwatch(watched_);
  watched_ = -1;
}

void DatabaseConnection::close(const std::string& reason) {
  const Closing closing = state_ == State::connecting ? Closing::not_made
                          : reason.empty()            ? Closing::retired
                                                      : Closing::lost;
  const auto attempt = std::move(attempt_);  // `reason` may be its
  unwatch();
  connection_.reset();
  state_ = State::closed;
  prepared_.clear();
  has_forgetful_server_ = false;
  CallQueue unanswered;
  for (InFlight& entry : in_flight_) unanswered.push_back(std::move(entry.call));
  in_flight_.clear();
  owner_.on_closed(*this, closing, std::move(unanswered), reason);
}

}  // namespace gateway
