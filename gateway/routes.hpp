// The HTTP surface: which request calls which function. Loaded from auth.list_routes(), then never changed.
//
// A path is split at '/' before its segments are percent-decoded, so "a%2Fb" is one segment. An empty segment
// ("//", or a '/' at the end) matches nothing. Where several patterns match, the one with a static segment
// further to the left wins, provided it has the request's method. There is no recursion and no regular
// expression: a match looks static paths up in a hash table and walks the few patterns with parameters that
// have as many segments as the path.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "argument_type.hpp"

namespace gateway {

// One row of auth.list_routes(); for the database's words see there.
struct RouteRow {
  std::string method, path, function, lane, summary, description, returns;
  int success_status = 200;
  int maximum_body_bytes = 65536;
  std::vector<std::string> argument_names, argument_types;
  std::vector<bool> argument_has_default;

  bool operator==(const RouteRow&) const = default;
};

enum class LaneName { read, call, hash };
enum class Returns { jsonb, nothing, http_response };

// Where an argument's value comes from: the client (body, then query), the path, or the gateway itself.
enum class Source {
  client,
  path,
  access_token,
  api_key,
  client_ip,
  user_agent,
  headers,
  request_id,
  body,
  nowhere  // an unknown `_name` that has a default: never given
};

struct Argument {
  std::string name;
  std::string sql_type;  // as format_type writes it
  ArgumentType type;
  Source source = Source::client;
  std::size_t segment = 0;  // for Source::path: which one
  bool has_default = false;
};

struct Route {
  std::uint32_t number = 0;  // unique in the process, across reloads: names prepared statements
  std::string method;
  std::string pattern;
  std::string function;  // schema-qualified, quoted where SQL needs it
  LaneName lane = LaneName::call;
  Returns returns = Returns::jsonb;
  int success_status = 200;
  std::size_t maximum_body = 65536;
  bool reads_body = false;   // some argument can come from a JSON body, which is then checked
  bool passes_body = false;  // `_body` is text: the function reads it, whatever it is
  std::string summary, description;
  std::vector<Argument> arguments;  // at most kMaximumArguments
};

constexpr std::size_t kMaximumArguments = 64;  // a set of given ones fits a 64-bit mask

// A request path's decoded segments. Views point into the path given to `split`, or into this object.
class PathSegments {
 public:
  static constexpr std::size_t kMaximum = 16;

  PathSegments() = default;
  PathSegments(const PathSegments&) = delete;
  PathSegments& operator=(const PathSegments&) = delete;

  // False when the path is malformed: a '%' without two hexadecimal digits. (%00 matches no static segment,
  // and no argument takes it.) A path with more than kMaximum segments or an empty one is well-formed and
  // matches nothing.
  [[nodiscard]] bool split(std::string_view path);

  bool can_match() const { return can_match_; }
  bool is_decoded() const { return !decoded_.empty(); }
  std::string_view path() const { return path_; }
  std::span<const std::string_view> all() const { return {segments_.data(), count_}; }

 private:
  std::string_view path_;
  std::array<std::string_view, kMaximum> segments_;
  std::size_t count_ = 0;
  bool can_match_ = true;
  std::string decoded_;
};

struct RouteMatch {
  const Route* route = nullptr;
  std::string_view pattern;  // the table's; also when only the method is wrong
  std::string allow;         // then: the methods there are, for Allow; empty: no such path
};

// Why a row was left out, for the log.
struct RefusedRoute {
  std::string method, path, function, reason;
};

class RouteTable {
 public:
  // Rows that cannot be served are appended to `refused` and left out.
  RouteTable(std::vector<RouteRow> rows, std::vector<RefusedRoute>& refused);

  // Moving keeps what find() has returned good; a copy would not.
  RouteTable(RouteTable&&) = default;
  RouteTable(const RouteTable&) = delete;

  // Routes point into the table: keep it as long as them. HEAD finds GET's route.
  RouteMatch find(std::string_view method, const PathSegments& path) const;

  // By path, then method.
  const std::vector<Route>& routes() const { return routes_; }

  bool same_rows(const std::vector<RouteRow>& rows) const { return rows_ == rows; }

 private:
  struct Segment {
    std::string text;
    bool is_parameter = false;
  };
  struct Pattern {
    std::string_view path;
    std::vector<Segment> segments;
    std::vector<std::size_t> routes;  // one a method
    bool is_static = true;
  };

  static bool matches(const Pattern& pattern, std::span<const std::string_view> path);
  const Route* route_for(const Pattern& pattern, std::string_view method) const;
  void add_pattern(std::size_t route_index);

  std::vector<RouteRow> rows_;
  std::vector<Route> routes_;
  std::array<std::vector<Pattern>, PathSegments::kMaximum + 1>
      patterns_;                                                          // by number of segments, best first
  std::unordered_map<std::string_view, const Pattern*> static_patterns_;  // by undecoded path
};

}  // namespace gateway
