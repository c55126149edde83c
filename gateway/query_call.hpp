// A statement of the gateway's own, without parameters: the route table, the health check.
#pragma once

#include <functional>
#include <string>

#include "call.hpp"

namespace gateway {

class QueryCall final : public Call {
 public:
  // Told the result, or nullptr when there is none.
  using Callback = std::function<void(const PGresult* result)>;

  QueryCall(std::string sql, Callback callback) : sql_(std::move(sql)), callback_(std::move(callback)) {}

  StatementKey statement() const override { return {}; }
  std::string sql() const override { return sql_; }
  void append_parameters(std::vector<const char*>&) const override {}
  bool is_wanted() const override { return true; }
  bool may_repeat() const override { return true; }
  void on_result(const PGresult* result) override { callback_(result); }
  void on_failure(Failure) override { callback_(nullptr); }

 private:
  std::string sql_;
  Callback callback_;
};

}  // namespace gateway
