// The hierarchy organization > account > project, as the tables have it.
#pragma once

#include "core/roles.hpp"

#include "values.hpp"

namespace auth {

// A resource with its parents.
struct Path {
  ResourceType type;
  std::array<pg_uuid_t, kResourceTypes> ids;  // by ResourceType, up to and including `type`

  const pg_uuid_t& resource_id() const { return ids[static_cast<std::size_t>(type)]; }
};

inline bool same_id(const pg_uuid_t& left, const pg_uuid_t& right) {
  return std::memcmp(left.data, right.data, UUID_LEN) == 0;
}

// Has the processor fetch what find_path() will read.
void expect_path(ResourceType type, const pg_uuid_t& id);

// The resource and its parents under the active snapshot; nothing when there is no such resource. One
// look-up, because a project names its organization and a foreign key keeps that its account's.
std::optional<Path> find_path(ResourceType type, const pg_uuid_t& id);

// Appends the ids of all resources of that type below a parent: accounts or projects of an organization,
// projects of an account. In no order.
void append_children(std::vector<pg_uuid_t>& ids, ResourceType type, ResourceType parent_type,
                     const pg_uuid_t& parent_id);

// Appends the ids of all resources of that type.
void append_all(std::vector<pg_uuid_t>& ids, ResourceType type);

// About how many resources of that type there are; for estimates.
double estimate_resources(ResourceType type);

}  // namespace auth
