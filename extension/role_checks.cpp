// Doors: what roles does a user hold?
//
// These are for policies, so they take no detour: no SQL, no SECURITY DEFINER. They read tables that the
// caller may not, and return nothing of them but yes or no, or ids of what the caller may see.
#include "transaction_identity.hpp"

#include "call_site.hpp"
#include "users.hpp"
#include "visible_resources.hpp"

namespace {

using auth::Level;
using auth::ResourceType;

constexpr std::size_t kMostShown = 64;  // bytes of a wrong name in an error

Level level_argument(const pg::Arguments& arguments, int number) {
  const auto level = auth::parse_level(arguments.text(number));
  if (!level) {
    throw pg::SqlError(ERRCODE_INVALID_PARAMETER_VALUE,
                       "unknown role: \"" + std::string(arguments.text(number).substr(0, kMostShown)) + "\"",
                       {}, "Roles are superadmin, admin, editor and viewer.");
  }
  return *level;
}

ResourceType type_argument(const pg::Arguments& arguments, int number) {
  const auto type = auth::parse_resource_type(arguments.text(number));
  if (!type) {
    throw pg::SqlError(
        ERRCODE_INVALID_PARAMETER_VALUE,
        "unknown resource type: \"" + std::string(arguments.text(number).substr(0, kMostShown)) + "\"", {},
        "Resource types are organization, account and project.");
  }
  return *type;
}

// What the caller sees, or null when nobody is authenticated.
auth::VisibleResources* callers_resources(const pg::Arguments& arguments) {
  const auth::Identity* const identity = auth::live_identity();
  if (identity == nullptr) return nullptr;
  auto& resources = pg::kept_at_call_site<auth::VisibleResources>(arguments.info());
  resources.turn_to(identity->user_id);
  return &resources;
}

// In a policy an error would tell that there is a row, and hide the others: whatever makes no sense is no.
Datum has_role(ResourceType type, const pg::Arguments& arguments) {
  if (arguments.is_null(0) || arguments.is_null(1)) return pg::boolean(false);
  const auto level = auth::parse_level(arguments.text(1));
  if (!level) return pg::boolean(false);
  auth::VisibleResources* const resources = callers_resources(arguments);
  if (resources == nullptr) return pg::boolean(false);
  return pg::boolean(resources->has_level(type, *DatumGetUUIDP(arguments.raw(0).value), *level));
}

Datum list_ids(ResourceType type, const pg::Arguments& arguments) {
  const Level level = level_argument(arguments, 0);
  auth::VisibleResources* const resources = callers_resources(arguments);
  if (resources == nullptr) return pg::call([] { return PointerGetDatum(construct_empty_array(UUIDOID)); });
  return resources->ids(type, level, arguments.info()->flinfo->fn_mcxt);
}

}  // namespace

SQL_FUNCTION(has_organization_role) { return has_role(ResourceType::kOrganization, arguments); }
SQL_FUNCTION(has_account_role) { return has_role(ResourceType::kAccount, arguments); }
SQL_FUNCTION(has_project_role) { return has_role(ResourceType::kProject, arguments); }

SQL_FUNCTION(organization_ids) { return list_ids(ResourceType::kOrganization, arguments); }
SQL_FUNCTION(account_ids) { return list_ids(ResourceType::kAccount, arguments); }
SQL_FUNCTION(project_ids) { return list_ids(ResourceType::kProject, arguments); }

SQL_FUNCTION(user_has_role) {
  for (int number = 0; number < 4; ++number) {
    if (arguments.is_null(number)) return pg::boolean(false);
  }
  const ResourceType type = type_argument(arguments, 1);
  const Level level = level_argument(arguments, 3);
  const std::int64_t user_id = arguments.integer(0);
  const pg_uuid_t& resource_id = *DatumGetUUIDP(arguments.raw(2).value);
  auth::expect_user(user_id);
  auth::expect_path(type, resource_id);
  auth::expect_assignments(user_id);
  const auto user = auth::find_user(user_id);
  if (!user || user->status != auth::UserStatus::kActive) return pg::boolean(false);
  const auto path = auth::find_path(type, resource_id);
  if (!path) return pg::boolean(false);
  return pg::boolean(user->is_superuser || auth::find_assignments(user_id, *path).level() >= level);
}

SQL_FUNCTION(role_actions) {
  const auto actions = auth::actions_of(level_argument(arguments, 0), type_argument(arguments, 1));
  return pg::text_array(actions);
}
