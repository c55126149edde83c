// The vocabulary of roles: their levels, the types of resources, and which actions a level allows by itself.
//
// superadmin > admin > editor > viewer, on organization > account > project. What a level allows is the
// documented table of the service that this one replaces; it is written here and nowhere else, and SQL reads
// it through auth.role_actions.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "core/postgres_free.hpp"

namespace auth {

// The higher, the more a role may do. kNone: no role at all.
enum class Level : std::uint8_t { kNone, kViewer, kEditor, kAdmin, kSuperadmin };

enum class ResourceType : std::uint8_t { kOrganization, kAccount, kProject };
inline constexpr std::size_t kResourceTypes = 3;

// The level that a role's name stands for; nothing for a name that is none.
std::optional<Level> parse_level(std::string_view name);

std::optional<ResourceType> parse_resource_type(std::string_view name);
const char* name_of(ResourceType type);  // a literal

// What stands for every action in a list of actions.
inline constexpr std::string_view kEveryAction = "*";

// The actions that a level allows on a resource of that type; kEveryAction alone for superadmin. Literals.
std::span<const std::string_view> actions_of(Level level, ResourceType type);

// Whether one of them is the action, or every action.
bool allows(Level level, ResourceType type, std::string_view action);

}  // namespace auth
