#include "route_call.hpp"

#include <charconv>

#include "log.hpp"
#include "postgres.hpp"
#include "sqlstate.hpp"

namespace gateway {
namespace {

std::string_view field(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text == nullptr ? std::string_view() : std::string_view(text);
}

std::string_view value(const PGresult* result, int column) {
  return {PQgetvalue(result, 0, column), static_cast<std::size_t>(PQgetlength(result, 0, column))};
}

Reply http_response_reply(const Route& route, const PGresult* result) {
  Reply reply;
  reply.status = route.success_status;
  if (PQgetisnull(result, 0, 0) == 0) {
    const std::string_view text = value(result, 0);
    std::from_chars(text.data(), text.data() + text.size(), reply.status);
  }
  if (reply.status < 200 || reply.status > 599) return problem(500, "Internal server error");
  if (PQgetisnull(result, 0, 1) == 0) add_headers(reply, value(result, 1));
  if (PQgetisnull(result, 0, 2) == 0) reply.body = value(result, 2);
  return reply;
}

}  // namespace

Reply result_reply(const Route& route, const PGresult* result, std::string_view request_id) {
  if (PQresultStatus(result) != PGRES_TUPLES_OK) {
    const DatabaseError error{field(result, PG_DIAG_SQLSTATE), field(result, PG_DIAG_MESSAGE_PRIMARY),
                              field(result, PG_DIAG_MESSAGE_DETAIL)};
    if (!is_refusal(error)) {
      log(LogLevel::error, "a function failed",
          {{"request_id", request_id},
           {"function", route.function},
           {"sqlstate", error.sqlstate},
           {"error", error.message}});
    }
    return error_reply(error);
  }
  const int columns = route.returns == Returns::http_response ? 3 : 1;
  if (PQntuples(result) != 1 || PQnfields(result) != columns) {
    log(LogLevel::error, "a function did not return one row",
        {{"request_id", request_id}, {"function", route.function}});
    return problem(500, "Internal server error");
  }
  if (route.returns == Returns::http_response) return http_response_reply(route, result);
  Reply reply;
  if (route.returns == Returns::nothing) {
    reply.status = 204;
    return reply;
  }
  reply.status = route.success_status;
  reply.body = PQgetisnull(result, 0, 0) == 0 ? value(result, 0) : "null";
  return reply;
}

Reply failure_reply(Failure failure) {
  switch (failure) {
    case Failure::busy:
      return unavailable("Too many requests are waiting; try again");
    case Failure::timeout:
      return unavailable("No database connection became free in time; try again");
    case Failure::unavailable:
      return unavailable("The database cannot be reached; try again");
    case Failure::lost:
      break;
  }
  return unavailable("The connection to the database was lost; it is not known whether the request was done");
}

RouteCall::RouteCall(RoutesPointer routes, const Route& route, BoundArguments arguments,
                     ExchangePointer exchange, const Cors& cors, std::string allowed_origin)
    : routes_(std::move(routes)),
      route_(route),
      arguments_(std::move(arguments)),
      exchange_(std::move(exchange)),
      cors_(cors),
      allowed_origin_(std::move(allowed_origin)) {}

void RouteCall::on_audit(std::string_view deed) {
  log_audit({{"request_id", exchange_->request_id()}, {"function", route_.function}, {"deed", deed}});
}

void RouteCall::on_result(const PGresult* result) {
  answer(result_reply(route_, result, exchange_->request_id()));
}

void RouteCall::on_failure(Failure failure) { answer(failure_reply(failure)); }

void RouteCall::answer(Reply reply) {
  cors_.decorate(reply, allowed_origin_);
  exchange_->answer(std::move(reply));
}

}  // namespace gateway
