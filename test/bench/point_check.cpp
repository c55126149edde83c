// The time of one prepared statement in one backend, in microseconds: a check of a random user on a random
// project, or whatever else is compared with it. pgbench's variables are numbers only, and ids are uuids.
//
//   point_check SECONDS DATABASE STATEMENT [DATABASE STATEMENT]...
//
// prints a line for each statement, measured for so many seconds. $1 (bigint) and $2 (uuid), if the statement
// has them, are random. PG* reach the server as somebody who may read users and projects.
//
// A hundred statements go in one pipeline, so that the figure is the backend's work and not how fast two
// processes can wake each other. Parameters and results are binary. The statements, each in a backend of its
// own, take turns of a tenth of a second, and the figure is the median turn: what a neighbour of this machine
// does for a second or ten then hits all of them alike.
#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace {

using Connection = std::unique_ptr<PGconn, decltype(&PQfinish)>;
using Result = std::unique_ptr<PGresult, decltype(&PQclear)>;

[[noreturn]] void fail(PGconn* connection) {
  std::fprintf(stderr, "point_check: %s", PQerrorMessage(connection));
  std::exit(1);
}

// The first column of a query, as the server sends it.
std::vector<std::string> read_ids(PGconn* connection, const char* query) {
  const Result result(PQexecParams(connection, query, 0, nullptr, nullptr, nullptr, nullptr, 1), PQclear);
  if (PQresultStatus(result.get()) != PGRES_TUPLES_OK || PQntuples(result.get()) == 0) fail(connection);
  std::vector<std::string> ids;
  for (int row = 0; row < PQntuples(result.get()); ++row) {
    ids.emplace_back(PQgetvalue(result.get(), row, 0),
                     static_cast<std::size_t>(PQgetlength(result.get(), row, 0)));
  }
  return ids;
}

constexpr int kBatch = 100;
constexpr std::chrono::duration<double> kTurn(0.1);
constexpr int kBatchesBefore = 1000;    // all: five checks of each user, so that every cache has filled
constexpr int kBatchesBeforeTurn = 30;  // the processor's caches held the other statements' data

class Statement {
 public:
  Statement(const char* database, const char* text) : connection_(connect(database)) {
    PGconn* const server = connection_.get();
    if (PQstatus(server) != CONNECTION_OK) fail(server);
    users_ = read_ids(server, "SELECT id FROM public.users");
    projects_ = read_ids(server, "SELECT id FROM public.projects");
    const Result prepared(PQprepare(server, "check", text, 0, nullptr), PQclear);
    if (PQresultStatus(prepared.get()) != PGRES_COMMAND_OK) fail(server);
    const Result description(PQdescribePrepared(server, "check"), PQclear);
    parameters_ = PQnparams(description.get());
    if (PQenterPipelineMode(server) != 1) fail(server);
  }

  void run_batches(int batches) {
    while (batches-- > 0) run_batch();
  }

  void take_turn() {
    run_batches(kBatchesBeforeTurn);
    const auto begin = std::chrono::steady_clock::now();
    std::chrono::duration<double> passed{};
    int statements = 0;
    while (passed < kTurn) {
      run_batch();
      statements += kBatch;
      passed = std::chrono::steady_clock::now() - begin;
    }
    turns_.push_back(passed.count() * 1e6 / statements);
  }

  double median_turn() {
    std::sort(turns_.begin(), turns_.end());
    return turns_[turns_.size() / 2];
  }

 private:
  static Connection connect(const char* database) {
    constexpr std::array<const char*, 2> kKeywords{"dbname", nullptr};
    const std::array<const char*, 2> values{database, nullptr};
    return {PQconnectdbParams(kKeywords.data(), values.data(), 0), PQfinish};
  }

  // Sends a batch in one pipeline and reads its answers.
  void run_batch() {
    constexpr std::array<int, 2> kBinary{1, 1};
    PGconn* const server = connection_.get();
    for (int statement = 0; statement < kBatch; ++statement) {
      const std::string& user = users_[random_() % users_.size()];
      const std::string& project = projects_[random_() % projects_.size()];
      const std::array<const char*, 2> values{user.data(), project.data()};
      const std::array<int, 2> lengths{static_cast<int>(user.size()), static_cast<int>(project.size())};
      if (PQsendQueryPrepared(server, "check", parameters_, values.data(), lengths.data(), kBinary.data(),
                              1) != 1) {
        fail(server);
      }
    }
    if (PQpipelineSync(server) != 1) fail(server);
    for (int ended = 0; ended <= kBatch;) {  // a null result ends each statement; the sync has none
      const Result result(PQgetResult(server), PQclear);
      if (result == nullptr) {
        ++ended;
        continue;
      }
      const ExecStatusType status = PQresultStatus(result.get());
      if (status == PGRES_PIPELINE_SYNC) return;
      if (status != PGRES_TUPLES_OK) fail(server);
    }
  }

  Connection connection_;
  std::vector<std::string> users_;
  std::vector<std::string> projects_;
  int parameters_ = 0;
  std::mt19937_64 random_{15};
  std::vector<double> turns_;
};

}  // namespace

int main(int argument_count, char** arguments) {
  if (argument_count < 4 || argument_count % 2 != 0) {
    std::fputs("usage: point_check SECONDS DATABASE STATEMENT [DATABASE STATEMENT]...\n", stderr);
    return 2;
  }
  const int turns = std::max(1, static_cast<int>(std::strtod(arguments[1], nullptr) / kTurn.count()));
  std::vector<Statement> statements;
  for (int i = 2; i < argument_count; i += 2) statements.emplace_back(arguments[i], arguments[i + 1]);
  for (Statement& statement : statements) statement.run_batches(kBatchesBefore);
  for (int turn = 0; turn < turns; ++turn) {
    for (Statement& statement : statements) statement.take_turn();
  }
  for (Statement& statement : statements) std::printf("%.4f\n", statement.median_turn());
}
