#include "core/roles.hpp"

#include "access_check.hpp"
#include "assignments.hpp"
#include "index_scan.hpp"

namespace auth {
namespace {

enum OverrideColumn { kOverrideType, kAllowActions, kDenyActions };
constinit pg::IndexedTable overrides_table{
    .schema = pg::Schema::kAuth,
    .name = "permission_overrides",
    .columns = {{"resource_type", TEXTOID}, {"allow_actions", TEXTARRAYOID}, {"deny_actions", TEXTARRAYOID}},
};

enum MembershipColumn { kGroupId, kMembershipType, kMembershipResource };
constinit pg::IndexedTable memberships_table{
    .schema = pg::Schema::kAuth,
    .name = "user_group_memberships",
    .columns = {{"group_id", UUIDOID}, {"resource_type", TEXTOID}, {"resource_id", UUIDOID}},
};

enum GroupPermissionColumn { kGroupDenyActions };
constinit pg::IndexedTable group_permissions_table{
    .schema = pg::Schema::kAuth,
    .name = "group_permissions",
    .columns = {{"deny_actions", TEXTARRAYOID}},
    .index_name = "group_permissions_group_id_service_name_key",
};

enum RolePermissionColumn { kServiceName, kAllowedActions };
constinit pg::IndexedTable role_permissions_table{
    .schema = pg::Schema::kAuth,
    .name = "role_permissions",
    .columns = {{"service_name", TEXTOID}, {"allowed_actions", TEXTARRAYOID}},
    .index_name = "role_permissions_role_id_service_name_key",
};

// The functions down to the next line run inside pg::call.

bool contains(Datum actions, std::string_view action, bool with_wildcard) {
  Datum* elements = nullptr;
  bool* nulls = nullptr;
  int count = 0;
  deconstruct_array(DatumGetArrayTypeP(actions), TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &count);
  for (int i = 0; i < count; ++i) {
    if (nulls[i]) continue;
    const std::string_view element = pg::text_view(elements[i]);
    if (element == action || (with_wildcard && element == kEveryAction)) return true;
  }
  return false;
}

bool is_on(const Path& path, std::string_view type_name, const pg_uuid_t& id) {
  const auto type = parse_resource_type(type_name);
  return type && *type <= path.type && same_id(path.ids[static_cast<std::size_t>(*type)], id);
}

bool group_denies(const pg_uuid_t& group_id, const varlena* service, std::string_view action) {
  pg::IndexWalk walk(group_permissions_table, {pg::Key(group_id), pg::Key(service)});
  bool denies = false;
  while (!denies && walk.next_row()) denies = contains(walk.row()[kGroupDenyActions].value, action, true);
  walk.end();
  return denies;
}

// ---------------------------------------------------------------------------------------------------------------

struct Override {
  bool denies = false;
  bool allows = false;
};

// An override names exactly this resource; there is no inheritance and no wildcard.
Override find_override(std::int64_t user_id, const Path& path, std::string_view action) {
  Override found;
  pg::call([&] {
    pg::IndexWalk walk(overrides_table, {pg::Key(user_id), pg::Key(path.resource_id())});
    while (walk.next_row()) {
      const pg::Row row = walk.row();
      if (pg::text_view(row[kOverrideType].value) != name_of(path.type)) continue;
      found.denies = contains(row[kDenyActions].value, action, false);
      found.allows = contains(row[kAllowActions].value, action, false);
    }
    walk.end();
  });
  return found;
}

// Groups speak of services, so without one they deny nothing.
bool any_group_denies(const AccessQuestion& question, const Path& path) {
  if (!question.service) return false;
  bool denies = false;
  pg::call([&] {
    const varlena* service = nullptr;
    pg::IndexWalk walk(memberships_table, {pg::Key(question.user_id)});
    while (!denies && walk.next_row()) {
      const pg::Row row = walk.row();
      if (!is_on(path, pg::text_view(row[kMembershipType].value), row.uuid(kMembershipResource))) continue;
      if (service == nullptr) {
        service =
            cstring_to_text_with_len(question.service->data(), static_cast<int>(question.service->size()));
      }
      denies = group_denies(row.uuid(kGroupId), service, question.action);
    }
    walk.end();
  });
  return denies;
}

// A role of the operator's own allows the actions of its permissions for the service; one that has none for
// any service allows what its level does.
bool grants(const Assignment& assignment, const AccessQuestion& question, const Path& path) {
  if (assignment.names_role) {
    bool has_permissions = false;
    bool has_action = false;
    pg::call([&] {
      pg::IndexWalk walk(role_permissions_table, {pg::Key(assignment.role_id)});
      while (!has_action && walk.next_row()) {
        has_permissions = true;
        const pg::Row row = walk.row();
        has_action = question.service && pg::text_view(row[kServiceName].value) == *question.service &&
                     contains(row[kAllowedActions].value, question.action, true);
      }
      walk.end();
    });
    if (has_permissions) return has_action;
  }
  return allows(assignment.level, path.type, question.action);
}

// Whether the ids that came with the question are those of the tables. An id that such a resource does not
// have, an organization's account, contradicts them as well.
bool contradicts(const AccessQuestion& question, const Path& path) {
  const auto differs = [&](const std::optional<pg_uuid_t>& claimed, ResourceType type) {
    return claimed && (type > path.type || !same_id(*claimed, path.ids[static_cast<std::size_t>(type)]));
  };
  return differs(question.organization_id, ResourceType::kOrganization) ||
         differs(question.account_id, ResourceType::kAccount);
}

}  // namespace

AccessDecision decide(const AccessQuestion& question) {
  AccessDecision decision;
  const auto deny = [&](const char* reason) {
    decision.deny_reason = reason;
    return decision;
  };
  const auto allow = [&](const char* by) {
    decision.allowed = true;
    decision.granted_by = by;
    return decision;
  };

  const auto user = find_user(question.user_id);
  if (!user) return deny(kUserNotFound);
  decision.user_status = name_of(user->status);
  if (user->status != UserStatus::kActive) return deny("user_not_active");
  const auto path =
      question.resource_type ? find_path(*question.resource_type, question.resource_id) : std::nullopt;
  if (!path) return deny("resource_not_found");
  if (contradicts(question, *path)) return deny("hierarchy_mismatch");
  if (user->is_superuser) return allow(kGrantedBySuperuser);

  const Override exception = find_override(question.user_id, *path, question.action);
  if (exception.denies) return deny("denied_by_override");
  if (any_group_denies(question, *path)) return deny("denied_by_group");
  if (exception.allows) return allow("override");
  const AssignmentsOnPath assignments = find_assignments(question.user_id, *path);
  for (const Assignment& assignment : assignments.items()) {
    if (grants(assignment, question, *path)) return allow("role");
  }
  return deny("no_role_grants_action");
}

void require_may_ask(std::int64_t caller_id, std::int64_t user_id, std::optional<ResourceType> resource_type,
                     const pg_uuid_t& resource_id) {
  if (caller_id == user_id) return;
  const auto caller = find_user(caller_id);
  if (caller && caller->status == UserStatus::kActive) {
    if (caller->is_superuser) return;
    const auto path = resource_type ? find_path(*resource_type, resource_id) : std::nullopt;
    if (path && find_assignments(caller_id, *path).level() >= Level::kAdmin) return;
  }
  throw pg::SqlError(MAKE_SQLSTATE('A', '0', '4', '0', '3'),
                     "You may ask about yourself, or about resources that you administer");
}

}  // namespace auth
