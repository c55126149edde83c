// One request's function call: what it sends to the database and how the result becomes the reply.
#pragma once

#include <string>

#include "binding.hpp"
#include "call.hpp"
#include "cors.hpp"
#include "exchange.hpp"
#include "route_store.hpp"

namespace gateway {

// The reply to a function's result. A jsonb is the body as it is, void is 204, an auth.http_response sets
// status, headers and body itself. Errors: see sqlstate.hpp; those that are no refusal are logged with
// `request_id`.
Reply result_reply(const Route& route, const PGresult* result, std::string_view request_id);

class RouteCall final : public Call {
 public:
  // `routes` keeps `route` alive. `cors` outlives the call.
  RouteCall(RoutesPointer routes, const Route& route, BoundArguments arguments, ExchangePointer exchange,
            const Cors& cors, std::string allowed_origin);

  StatementKey statement() const override { return {route_.number, arguments_.given()}; }
  std::string sql() const override { return call_statement(route_, arguments_.given()); }
  void append_parameters(std::vector<const char*>& parameters) const override {
    arguments_.append_pointers(parameters);
  }
  bool is_wanted() const override { return exchange_->is_open(); }
  bool may_repeat() const override { return route_.lane == LaneName::read; }  // STABLE by contract
  void on_audit(std::string_view deed) override;
  void on_result(const PGresult* result) override;
  void on_failure(Failure failure) override;

 private:
  void answer(Reply reply);

  RoutesPointer routes_;
  const Route& route_;
  BoundArguments arguments_;
  ExchangePointer exchange_;
  const Cors& cors_;
  std::string allowed_origin_;
};

// What a client is told when its call was not, or perhaps not, carried out: 503 with Retry-After.
Reply failure_reply(Failure failure);

}  // namespace gateway
