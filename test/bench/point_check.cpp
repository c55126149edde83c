// The time of one prepared statement in one backend, in microseconds: a check of a random user on a random
// project, or whatever else is compared with it. pgbench's variables are numbers only, and ids are uuids.
//
//   point_check SECONDS STATEMENT     $1 (bigint) and $2 (uuid), if the statement has them, are random
//
// PG* reach the server as somebody who may read users and projects. A hundred statements go in one pipeline,
// so that the figure is the backend's work and not how fast two processes can wake each other. Parameters and
// results are binary.
#include <libpq-fe.h>

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

// Sends a batch in one pipeline and reads its answers.
void run_batch(PGconn* connection, const std::vector<std::string>& users,
               const std::vector<std::string>& projects, int parameters, std::mt19937_64& random) {
  constexpr std::array<int, 2> kBinary{1, 1};
  for (int statement = 0; statement < kBatch; ++statement) {
    const std::string& user = users[random() % users.size()];
    const std::string& project = projects[random() % projects.size()];
    const std::array<const char*, 2> values{user.data(), project.data()};
    const std::array<int, 2> lengths{static_cast<int>(user.size()), static_cast<int>(project.size())};
    if (PQsendQueryPrepared(connection, "check", parameters, values.data(), lengths.data(), kBinary.data(),
                            1) != 1) {
      fail(connection);
    }
  }
  if (PQpipelineSync(connection) != 1) fail(connection);
  for (int ended = 0; ended <= kBatch;) {  // a null result ends each statement; the sync has none
    const Result result(PQgetResult(connection), PQclear);
    if (result == nullptr) {
      ++ended;
      continue;
    }
    const ExecStatusType status = PQresultStatus(result.get());
    if (status == PGRES_PIPELINE_SYNC) return;
    if (status != PGRES_TUPLES_OK) fail(connection);
  }
}

}  // namespace

int main(int argument_count, char** arguments) {
  if (argument_count != 3) {
    std::fputs("usage: point_check SECONDS STATEMENT\n", stderr);
    return 2;
  }
  const std::chrono::duration<double> wanted(std::strtod(arguments[1], nullptr));
  const Connection connection(PQconnectdb(""), PQfinish);
  PGconn* const server = connection.get();
  if (PQstatus(server) != CONNECTION_OK) fail(server);
  const auto users = read_ids(server, "SELECT id FROM public.users");
  const auto projects = read_ids(server, "SELECT id FROM public.projects");
  {
    const Result prepared(PQprepare(server, "check", arguments[2], 0, nullptr), PQclear);
    if (PQresultStatus(prepared.get()) != PGRES_COMMAND_OK) fail(server);
  }
  const Result description(PQdescribePrepared(server, "check"), PQclear);
  const int parameters = PQnparams(description.get());
  if (PQenterPipelineMode(server) != 1) fail(server);

  std::mt19937_64 random(15);
  // Caches fill before the clock starts.
  for (int batch = 0; batch < 200; ++batch) run_batch(server, users, projects, parameters, random);
  const auto begin = std::chrono::steady_clock::now();
  std::chrono::duration<double> passed{};
  std::uint64_t statements = 0;
  while (passed < wanted) {
    run_batch(server, users, projects, parameters, random);
    statements += kBatch;
    passed = std::chrono::steady_clock::now() - begin;
  }
  std::printf("%.4f\n", passed.count() * 1e6 / static_cast<double>(statements));
}
