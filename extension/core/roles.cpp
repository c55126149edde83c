#include "core/roles.hpp"

#include <algorithm>

namespace auth {
namespace {

// In the order of ResourceType.
constexpr std::array<std::string_view, kResourceTypes> kTypeNames{"organization", "account", "project"};

constexpr std::array<std::string_view, 1> kEverything{kEveryAction};
constexpr std::array<std::string_view, 3> kAdministration{"edit_project", "manage_account", "view_project"};
constexpr std::array<std::string_view, 2> kEditing{"edit_project", "view_project"};
constexpr std::array<std::string_view, 1> kViewing{"view_project"};

}  // namespace

std::optional<Level> parse_level(std::string_view name) {
  if (name == "viewer") return Level::kViewer;
  if (name == "editor") return Level::kEditor;
  if (name == "admin") return Level::kAdmin;
  if (name == "superadmin") return Level::kSuperadmin;
  return std::nullopt;
}

std::optional<ResourceType> parse_resource_type(std::string_view name) {
  for (std::size_t type = 0; type < kResourceTypes; ++type) {
    if (name == kTypeNames[type]) return static_cast<ResourceType>(type);
  }
  return std::nullopt;
}

const char* name_of(ResourceType type) { return kTypeNames[static_cast<std::size_t>(type)].data(); }

std::span<const std::string_view> actions_of(Level level, ResourceType type) {
  const bool is_project = type == ResourceType::kProject;
  switch (level) {
    case Level::kSuperadmin:
      return kEverything;
    case Level::kAdmin:
      if (type == ResourceType::kOrganization) return {};
      return kAdministration;
    case Level::kEditor:
      if (is_project) return kEditing;
      return {};
    case Level::kViewer:
      if (is_project) return kViewing;
      return {};
    case Level::kNone:
      break;
  }
  return {};
}

bool allows(Level level, ResourceType type, std::string_view action) {
  const auto actions = actions_of(level, type);
  return std::any_of(actions.begin(), actions.end(),
                     [&](std::string_view allowed) { return allowed == action || allowed == kEveryAction; });
}

}  // namespace auth
