// What a client sends to ask for decisions, read from JSON in one pass: POST /api/authz/check_access/batch
// has up to a thousand of them, and reading those as jsonb costs as much as deciding them.
//
//   {"checks": [{"user_id": 7, "action": "view_project", "service": "files",
//                "resource": {"type": "project", "id": "<uuid>", "organization_id": "<uuid>", "account_id":
//                "<uuid>"}}]}
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "core/uuid.hpp"

namespace auth {

struct RequestedResource {
  std::optional<std::string> type;
  std::optional<Uuid> id;
  std::optional<Uuid> organization_id;
  std::optional<Uuid> account_id;
};

struct RequestedCheck {
  std::optional<std::int64_t> user_id;
  std::optional<std::string> action;
  std::optional<std::string> service;
  RequestedResource resource;
};

// What is wrong with a request, and where: "resource.id", "checks.3.user_id".
class InvalidRequest : public std::runtime_error {
 public:
  InvalidRequest(std::string place, const std::string& message)
      : std::runtime_error(message), place_(std::move(place)) {}
  const std::string& place() const { return place_; }

 private:
  std::string place_;
};

// The member `resource` of a single check; must have type and id. Members that are not known, or null, count
// as absent. Throws InvalidRequest.
RequestedResource parse_resource(std::string_view json);

// The checks of a body, each complete. Throws InvalidRequest, also when there are none or more than `most`.
std::vector<RequestedCheck> parse_checks(std::string_view json, std::size_t most);

}  // namespace auth
