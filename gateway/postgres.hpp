// libpq's two resources as C++ values, freed with their owner.
#pragma once

#include <libpq-fe.h>

#include <memory>

namespace gateway {

struct ConnectionDeleter {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
using Connection = std::unique_ptr<PGconn, ConnectionDeleter>;

struct ResultDeleter {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, ResultDeleter>;

// The SQLSTATE of an error, or "" when the server gave none (the connection was lost).
inline const char* sqlstate_of(const PGresult* result) {
  const char* sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  return sqlstate == nullptr ? "" : sqlstate;
}

}  // namespace gateway
