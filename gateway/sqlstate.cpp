#include "sqlstate.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string>

namespace gateway {
namespace {

struct Mapping {
  std::string_view prefix;  // of the SQLSTATE: five characters, or a class of fewer
  int status;
  std::string_view detail;
  int retry_after = 0;  // seconds; 0: no Retry-After
};

// The first that fits. Codes: PostgreSQL manual, appendix A.
constexpr std::array kMappings{
    Mapping{"23505", 409, "The same record exists already"},
    Mapping{"23503", 409, "A record that this one refers to, or that refers to it, stands in the way"},
    Mapping{"23P01", 409, "The record conflicts with another one"},
    Mapping{"23502", 422, "A required value is missing"},
    Mapping{"23514", 422, "A value is not allowed"},
    Mapping{"22", 422, "A value is not valid"},
    Mapping{"42501", 403, "Permission denied"},
    Mapping{"53300", 503, "The database has no connection left; try again", 1},
    Mapping{"53", 503, "The database is short of resources; try again", 5},
    Mapping{"57014", 504, "The database took too long"},
    Mapping{"57P", 503, "The database is restarting; try again", 1},
    Mapping{"08", 503, "The connection to the database was lost; try again", 1},
    Mapping{"40001", 503, "Another request was changing the same data; try again", 1},
    Mapping{"40P01", 503, "Another request was changing the same data; try again", 1},
    Mapping{"55P03", 503, "Another request holds the same data; try again", 1},
    Mapping{"25006", 503, "The database is read-only at the moment; try again", 5},
    Mapping{"26000", 503, "The database has forgotten a prepared statement; try again", 1},
    Mapping{"0A000", 503, "The database's functions have just changed; try again", 1},
    Mapping{"42883", 503, "The database's functions have just changed; try again", 1},
    Mapping{"", 500, "Internal server error"},
};

int refusal_status(std::string_view sqlstate) {
  if (sqlstate.size() != 5 || !sqlstate.starts_with("A0")) return 0;
  int status = 0;
  for (const char digit : sqlstate.substr(2)) {
    if (digit < '0' || digit > '9') return 0;
    status = status * 10 + (digit - '0');
  }
  return status >= 400 && status <= 599 ? status : 0;
}

bool is_token(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool is_field_value(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= 0x20 && byte != 0x7f) || byte == '\t';
  });
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  return lower;
}

}  // namespace

bool is_refusal(const DatabaseError& error) { return refusal_status(error.sqlstate) != 0; }

Reply error_reply(const DatabaseError& error) {
  if (const int status = refusal_status(error.sqlstate)) {
    Reply reply = problem(status, error.message);
    if (!error.detail.empty()) add_headers(reply, error.detail);
    return reply;
  }
  const auto mapping = std::find_if(kMappings.begin(), kMappings.end(), [&error](const Mapping& candidate) {
    return error.sqlstate.starts_with(candidate.prefix);
  });
  Reply reply = problem(mapping->status, mapping->detail);
  if (mapping->retry_after > 0) {
    reply.headers.emplace_back("Retry-After", std::to_string(mapping->retry_after));
  }
  return reply;
}

bool add_headers(Reply& reply, std::string_view json) {
  const auto object = nlohmann::json::parse(json.begin(), json.end(), nullptr, false);
  if (!object.is_object()) return false;
  static constexpr std::array kFraming{"connection", "content-length",    "date",    "keep-alive",
                                       "trailer",    "transfer-encoding", "upgrade", "x-request-id"};
  for (const auto& [name, member] : object.items()) {
    if (!member.is_string() && !member.is_number() && !member.is_boolean()) continue;
    std::string value = member.is_string() ? member.get<std::string>() : member.dump();
    if (!is_token(name) || !is_field_value(value)) continue;
    const std::string lower = lower_case(name);
    if (std::find(kFraming.begin(), kFraming.end(), lower) != kFraming.end()) continue;
    if (lower == "content-type") {
      reply.content_type = std::move(value);
    } else {
      reply.headers.emplace_back(name, std::move(value));
    }
  }
  return true;
}

Reply unavailable(std::string_view detail, int retry_after_seconds) {
  Reply reply = problem(503, detail);
  reply.headers.emplace_back("Retry-After", std::to_string(retry_after_seconds));
  return reply;
}

}  // namespace gateway
