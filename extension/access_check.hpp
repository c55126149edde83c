// The decision: may this user take this action on this resource? sql/functions/61-check-access.sql states the
// rules.
#pragma once

#include "hierarchy.hpp"
#include "users.hpp"

namespace auth {

struct AccessQuestion {
  std::int64_t user_id;
  std::string_view action;
  std::optional<ResourceType> resource_type;  // nothing: a type that does not exist here
  pg_uuid_t resource_id;
  std::optional<std::string_view> service;

  // What whoever asks believes of the hierarchy, where they say it.
  std::optional<pg_uuid_t> organization_id;
  std::optional<pg_uuid_t> account_id;
};

// Literals; null where a column is NULL.
struct AccessDecision {
  bool allowed = false;
  const char* deny_reason = nullptr;
  const char* granted_by = nullptr;
  const char* user_status = nullptr;
};

inline constexpr const char* kUserNotFound = "user_not_found";
inline constexpr const char* kGrantedBySuperuser = "superuser";

// Decides under the active snapshot; writes nothing.
AccessDecision decide(const AccessQuestion& question);

// Throws SqlError A0403 unless the caller may ask about the user and the resource: one may ask about oneself,
// a superuser about everybody, and an administrator of a resource about everybody on that resource.
void require_may_ask(std::int64_t caller_id, std::int64_t user_id, std::optional<ResourceType> resource_type,
                     const pg_uuid_t& resource_id);

}  // namespace auth
