#include "route_store.hpp"

#include <charconv>
#include <nlohmann/json.hpp>

#include "log.hpp"
#include "openapi.hpp"

namespace gateway {
namespace {

std::string text_of(const PGresult* result, int row, int column) {
  return {PQgetvalue(result, row, column), static_cast<std::size_t>(PQgetlength(result, row, column))};
}

int integer_of(const PGresult* result, int row, int column) {
  const std::string text = text_of(result, row, column);
  int value = -1;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// An array column that the query has turned into JSON; NULL elements (an argument without a name) are empty.
nlohmann::json list_of(const PGresult* result, int row, int column) {
  auto list = nlohmann::json::parse(text_of(result, row, column), nullptr, false);
  return list.is_array() ? list : nlohmann::json::array();
}

std::vector<std::string> texts_of(const PGresult* result, int row, int column) {
  std::vector<std::string> texts;
  for (const auto& element : list_of(result, row, column)) {
    texts.push_back(element.is_string() ? element.get<std::string>() : std::string());
  }
  return texts;
}

}  // namespace

const char* const kRoutesQuery =
    "SELECT method, path, function, success_status, lane, max_body_bytes, coalesce(summary, ''),"
    " coalesce(description, ''), coalesce(returns, ''), to_json(argument_names), to_json(argument_types),"
    " to_json(argument_has_default),"
    " (SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'auth_api')"
    " FROM auth.list_routes()";

std::vector<RouteRow> read_route_rows(const PGresult* result) {
  std::vector<RouteRow> rows;
  for (int row = 0; row < PQntuples(result); ++row) {
    RouteRow route;
    route.method = text_of(result, row, 0);
    route.path = text_of(result, row, 1);
    route.function = text_of(result, row, 2);
    route.success_status = integer_of(result, row, 3);
    route.lane = text_of(result, row, 4);
    route.maximum_body_bytes = integer_of(result, row, 5);
    route.summary = text_of(result, row, 6);
    route.description = text_of(result, row, 7);
    route.returns = text_of(result, row, 8);
    route.argument_names = texts_of(result, row, 9);
    route.argument_types = texts_of(result, row, 10);
    for (const auto& element : list_of(result, row, 11)) {
      route.argument_has_default.push_back(element.is_boolean() && element.get<bool>());
    }
    rows.push_back(std::move(route));
  }
  return rows;
}

std::string read_extension_version(const PGresult* result) {
  return PQntuples(result) == 0 ? std::string() : text_of(result, 0, 12);
}

const std::string& PublishedRoutes::openapi() const {
  std::call_once(openapi_made_,
                 [this] { openapi_ = openapi_document(table, extension_version, server_path_); });
  return openapi_;
}

void RouteStore::publish(std::vector<RouteRow> rows, const std::string& extension_version,
                         const std::string& server_path) {
  const std::lock_guard lock(mutex_);
  if (current_ && current_->extension_version == extension_version && current_->table.same_rows(rows)) return;
  std::vector<RefusedRoute> refused;
  RouteTable table(std::move(rows), refused);
  for (const RefusedRoute& row : refused) {
    log(LogLevel::error, "a row of auth.routes is left out",
        {{"method", row.method}, {"path", row.path}, {"function", row.function}, {"reason", row.reason}});
  }
  log(LogLevel::info, "routes loaded",
      {{"routes", static_cast<std::int64_t>(table.routes().size())},
       {"extension_version", extension_version}});
  current_ = std::make_shared<const PublishedRoutes>(std::move(table), extension_version, server_path);
  generation_.fetch_add(1, std::memory_order_release);
}

RoutesPointer RouteStore::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

}  // namespace gateway
