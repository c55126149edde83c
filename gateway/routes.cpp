#include "routes.hpp"

#include <algorithm>
#include <atomic>
#include <optional>
#include <set>
#include <tuple>

#include "percent.hpp"

namespace gateway {
namespace {

std::uint32_t next_number() {
  static std::atomic<std::uint32_t> last{0};
  return ++last;
}

std::vector<std::string_view> pattern_segments(std::string_view path) {
  std::vector<std::string_view> segments;
  if (path == "/") return segments;
  while (!path.empty()) {
    path.remove_prefix(1);
    const auto end = std::min(path.find('/'), path.size());
    segments.push_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return segments;
}

bool is_parameter(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

std::string_view parameter_name(std::string_view segment) { return segment.substr(1, segment.size() - 2); }

bool is_plain_pattern(std::string_view path) {
  if (path.empty() || path.front() != '/') return false;
  const auto segments = pattern_segments(path);
  return segments.size() <= PathSegments::kMaximum &&
         std::all_of(segments.begin(), segments.end(), [](std::string_view segment) {
           const std::string_view text = is_parameter(segment) ? parameter_name(segment) : segment;
           return !text.empty() && text.find_first_of("{}%?# ") == std::string_view::npos;
         });
}

// schema.function, each part a plain lower-case identifier or a quoted one: safe inside a statement.
bool is_qualified_name(std::string_view name) {
  const auto take_part = [&name] {
    if (!name.empty() && name.front() == '"') {
      std::size_t end = 1;
      while (end < name.size() && (name[end] != '"' || name.substr(end, 2) == "\"\"")) {
        end += name[end] == '"' ? 2 : 1;
      }
      if (end >= name.size()) return false;
      name.remove_prefix(end + 1);
      return true;
    }
    const auto is_plain = [](char c, bool first) {
      return (c >= 'a' && c <= 'z') || c == '_' || (!first && ((c >= '0' && c <= '9') || c == '$'));
    };
    std::size_t length = 0;
    while (length < name.size() && is_plain(name[length], length == 0)) ++length;
    name.remove_prefix(length);
    return length > 0;
  };
  if (!take_part() || name.empty() || name.front() != '.') return false;
  name.remove_prefix(1);
  return take_part() && name.empty();
}

std::optional<Source> gateway_source(std::string_view name) {
  struct Named {
    std::string_view name;
    Source source;
  };
  static constexpr std::array kNames{Named{"_access_token", Source::access_token},
                                     Named{"_api_key", Source::api_key},
                                     Named{"_client_ip", Source::client_ip},
                                     Named{"_user_agent", Source::user_agent},
                                     Named{"_headers", Source::headers},
                                     Named{"_request_id", Source::request_id},
                                     Named{"_body", Source::body}};
  for (const Named& named : kNames) {
    if (named.name == name) return named.source;
  }
  return std::nullopt;
}

// Fills `route`'s arguments; returns why it cannot be served, or "".
std::string read_arguments(const RouteRow& row, Route& route) {
  const std::size_t count = row.argument_names.size();
  if (count != row.argument_types.size() || count != row.argument_has_default.size()) {
    return "its argument names, types and defaults differ in number";
  }
  if (count > kMaximumArguments) return "it has more than 64 arguments";
  for (std::size_t index = 0; index < count; ++index) {
    Argument argument;
    argument.name = row.argument_names[index];
    argument.sql_type = row.argument_types[index];
    argument.type = argument_type(argument.sql_type);
    argument.has_default = row.argument_has_default[index];
    if (argument.name.empty()) return "it has an argument without a name";
    if (argument.name.front() == '_') {
      const auto source = gateway_source(argument.name);
      if (!source && !argument.has_default) return "the gateway cannot supply its argument " + argument.name;
      argument.source = source.value_or(Source::nowhere);
    }
    const bool is_body = argument.source == Source::body;
    const bool is_text = argument.type.scalar == Scalar::text;
    route.reads_body |= argument.source == Source::client || (is_body && !is_text);
    route.passes_body |= is_body && is_text;
    route.arguments.push_back(std::move(argument));
  }
  const auto segments = pattern_segments(row.path);
  for (std::size_t index = 0; index < segments.size(); ++index) {
    if (!is_parameter(segments[index])) continue;
    const std::string_view name = parameter_name(segments[index]);
    const auto argument =
        std::find_if(route.arguments.begin(), route.arguments.end(), [name](const Argument& candidate) {
          return candidate.name == name && candidate.source == Source::client;
        });
    if (argument == route.arguments.end()) {
      return "its path parameter {" + std::string(name) + "} is no argument of the function, or named twice";
    }
    argument->source = Source::path;
    argument->segment = index;
  }
  return {};
}

// Checks one row by itself; returns why it cannot be served, or "".
std::string read_route(const RouteRow& row, Route& route) {
  static constexpr std::array kMethods{"GET", "POST", "PUT", "PATCH", "DELETE"};
  if (std::find(kMethods.begin(), kMethods.end(), row.method) == kMethods.end()) {
    return "its method is not one of GET, POST, PUT, PATCH, DELETE";
  }
  if (!is_plain_pattern(row.path)) return "its path is not made of /segment and /{parameter}";
  if (!is_qualified_name(row.function)) return "its function is not written schema.name";
  if (row.lane == "read") {
    route.lane = LaneName::read;
  } else if (row.lane == "call") {
    route.lane = LaneName::call;
  } else if (row.lane == "hash") {
    route.lane = LaneName::hash;
  } else {
    return "its lane is not one of read, call, hash";
  }
  if (row.returns.empty()) return "the function does not exist, or more than one has its name";
  if (row.returns == "jsonb" || row.returns == "json") {
    route.returns = Returns::jsonb;
  } else if (row.returns == "void") {
    route.returns = Returns::nothing;
  } else if (row.returns == "auth.http_response") {
    route.returns = Returns::http_response;
  } else {
    return "the function returns " + row.returns + ", not jsonb, json, void or auth.http_response";
  }
  if (row.success_status < 200 || row.success_status > 299) return "its success status is not 200 to 299";
  if (row.maximum_body_bytes < 0) return "its greatest body is negative";
  route.method = row.method;
  route.function = row.function;
  route.success_status = row.success_status;
  route.maximum_body = static_cast<std::size_t>(row.maximum_body_bytes);
  route.summary = row.summary;
  route.description = row.description;
  return read_arguments(row, route);
}

}  // namespace

bool PathSegments::split(std::string_view path) {
  path_ = path;
  const bool has_escapes = path.find('%') != std::string_view::npos;
  if (has_escapes) decoded_.reserve(path.size());  // never grows: the views into it stay
  if (path == "/") return true;
  while (!path.empty()) {
    path.remove_prefix(1);
    const auto end = std::min(path.find('/'), path.size());
    std::string_view segment = path.substr(0, end);
    path.remove_prefix(end);
    if (has_escapes) {
      const std::size_t begin = decoded_.size();
      if (!percent_decode(segment, decoded_)) return false;
      segment = std::string_view(decoded_).substr(begin);
    }
    if (segment.empty() || count_ == kMaximum) {
      can_match_ = false;
    } else {
      segments_[count_++] = segment;
    }
  }
  return true;
}

RouteTable::RouteTable(std::vector<RouteRow> rows, std::vector<RefusedRoute>& refused)
    : rows_(std::move(rows)) {
  // Two rows of one method whose paths differ in parameter names at most would hide each other. Two with the
  // very same path are one route whose function is overloaded: neither can be told to be meant.
  const auto shape = [](const RouteRow& row) {
    std::string text = row.method + " ";
    for (const std::string_view segment : pattern_segments(row.path)) {
      text.append("/").append(is_parameter(segment) ? "{}" : segment);
    }
    return text;
  };
  std::unordered_map<std::string, std::size_t> shapes;
  for (const RouteRow& row : rows_) ++shapes[shape(row)];

  for (const RouteRow& row : rows_) {
    Route route;
    std::string reason = read_route(row, route);
    if (reason.empty() && shapes[shape(row)] > 1) {
      reason = "another row has the same method and path, or the function is overloaded";
    }
    if (!reason.empty()) {
      refused.push_back({row.method, row.path, row.function, std::move(reason)});
      continue;
    }
    route.number = next_number();
    route.pattern = row.path;
    routes_.push_back(std::move(route));
  }
  std::sort(routes_.begin(), routes_.end(), [](const Route& left, const Route& right) {
    return std::tie(left.pattern, left.method) < std::tie(right.pattern, right.method);
  });
  for (std::size_t index = 0; index < routes_.size(); ++index) add_pattern(index);

  for (auto& patterns : patterns_) {
    // Static before parameter, segment by segment from the left: the first match is then the best.
    std::stable_sort(patterns.begin(), patterns.end(), [](const Pattern& left, const Pattern& right) {
      return std::lexicographical_compare(
          left.segments.begin(), left.segments.end(), right.segments.begin(), right.segments.end(),
          [](const Segment& a, const Segment& b) { return !a.is_parameter && b.is_parameter; });
    });
    for (const Pattern& pattern : patterns) {
      if (pattern.is_static) static_patterns_.emplace(pattern.path, &pattern);
    }
  }
}

void RouteTable::add_pattern(std::size_t route_index) {
  const Route& route = routes_[route_index];
  const auto segments = pattern_segments(route.pattern);
  auto& patterns = patterns_[segments.size()];
  if (!patterns.empty() && patterns.back().path == route.pattern) {  // routes come sorted by pattern
    patterns.back().routes.push_back(route_index);
    return;
  }
  Pattern pattern;
  pattern.path = route.pattern;
  for (const std::string_view segment : segments) {
    pattern.segments.push_back({std::string(segment), is_parameter(segment)});
    pattern.is_static &= !is_parameter(segment);
  }
  pattern.routes.push_back(route_index);
  patterns.push_back(std::move(pattern));
}

bool RouteTable::matches(const Pattern& pattern, std::span<const std::string_view> path) {
  // From the right: endpoints share their beginnings and differ at their ends.
  for (std::size_t index = path.size(); index-- > 0;) {
    const Segment& segment = pattern.segments[index];
    if (!segment.is_parameter && segment.text != path[index]) return false;
  }
  return true;
}

const Route* RouteTable::route_for(const Pattern& pattern, std::string_view method) const {
  for (const std::size_t index : pattern.routes) {
    const Route& route = routes_[index];
    if (route.method == method || (method == "HEAD" && route.method == "GET")) return &route;
  }
  return nullptr;
}

RouteMatch RouteTable::find(std::string_view method, const PathSegments& path) const {
  RouteMatch match;
  if (!path.can_match()) return match;
  if (!path.is_decoded()) {
    if (const auto found = static_patterns_.find(path.path()); found != static_patterns_.end()) {
      if ((match.route = route_for(*found->second, method)) != nullptr) {
        match.pattern = found->second->path;
        return match;
      }
    }
  }
  std::set<std::string_view> methods;
  for (const Pattern& pattern : patterns_[path.all().size()]) {
    if (!matches(pattern, path.all())) continue;
    if (match.pattern.empty()) match.pattern = pattern.path;
    if ((match.route = route_for(pattern, method)) != nullptr) {
      match.pattern = pattern.path;
      return match;
    }
    for (const std::size_t index : pattern.routes) methods.insert(routes_[index].method);
  }
  if (methods.empty()) return match;
  if (methods.contains("GET")) methods.insert("HEAD");
  methods.insert("OPTIONS");
  for (const std::string_view allowed : methods) {
    if (!match.allow.empty()) match.allow.append(", ");
    match.allow.append(allowed);
  }
  return match;
}

}  // namespace gateway
