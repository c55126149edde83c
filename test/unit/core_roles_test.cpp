// Promises about roles: the documented table of actions, and the table that policies ask for levels.
#include <gtest/gtest.h>

#include "core/id_levels.hpp"
#include "core/roles.hpp"

namespace auth {
namespace {

constexpr ResourceType kTypes[] = {ResourceType::kOrganization, ResourceType::kAccount,
                                   ResourceType::kProject};

TEST(Roles, NamesAreTheDocumentedOnesAndNoOther) {
  EXPECT_EQ(parse_level("superadmin"), Level::kSuperadmin);
  EXPECT_EQ(parse_level("admin"), Level::kAdmin);
  EXPECT_EQ(parse_level("editor"), Level::kEditor);
  EXPECT_EQ(parse_level("viewer"), Level::kViewer);
  for (const char* name : {"", "Admin", "admin ", "owner", "viewers"})
    EXPECT_FALSE(parse_level(name)) << name;
  for (const ResourceType type : kTypes) EXPECT_EQ(parse_resource_type(name_of(type)), type);
  for (const char* name : {"", "projects", "Project"}) EXPECT_FALSE(parse_resource_type(name)) << name;
}

TEST(Roles, LevelsAreOrdered) {
  EXPECT_LT(Level::kNone, Level::kViewer);
  EXPECT_LT(Level::kViewer, Level::kEditor);
  EXPECT_LT(Level::kEditor, Level::kAdmin);
  EXPECT_LT(Level::kAdmin, Level::kSuperadmin);
}

TEST(Roles, ASuperadminMayDoAnythingAnywhere) {
  for (const ResourceType type : kTypes) EXPECT_TRUE(allows(Level::kSuperadmin, type, "launch_rockets"));
}

TEST(Roles, TheOthersMayDoWhatIsDocumented) {
  struct {
    Level level;
    const char* action;
    bool on_account, on_project;
  } const table[] = {
      {Level::kAdmin, "manage_account", true, true},
      {Level::kAdmin, "edit_project", true, true},
      {Level::kAdmin, "view_project", true, true},
      {Level::kEditor, "manage_account", false, false},
      {Level::kEditor, "edit_project", false, true},
      {Level::kEditor, "view_project", false, true},
      {Level::kViewer, "edit_project", false, false},
      {Level::kViewer, "view_project", false, true},
      {Level::kNone, "view_project", false, false},
      {Level::kAdmin, "launch_rockets", false, false},
      {Level::kAdmin, "*", false, false},
  };
  for (const auto& row : table) {
    EXPECT_FALSE(allows(row.level, ResourceType::kOrganization, row.action)) << row.action;
    EXPECT_EQ(allows(row.level, ResourceType::kAccount, row.action), row.on_account) << row.action;
    EXPECT_EQ(allows(row.level, ResourceType::kProject, row.action), row.on_project) << row.action;
  }
}

TEST(IdLevels, KeepsTheStrongestLevelOfEachIdAsItGrows) {
  IdLevels levels;
  EXPECT_EQ(levels.find({1, 1}), nullptr);
  constexpr std::uint64_t kIds = 5000;
  for (std::uint64_t i = 0; i < kIds; ++i) {
    levels.raise({i, i << 32}, Level::kEditor);
    levels.raise({i, i << 32}, i % 2 == 0 ? Level::kAdmin : Level::kViewer);
  }
  levels.raise({0, UINT64_MAX}, Level::kNone);
  for (std::uint64_t i = 0; i < kIds; ++i) {
    const Level* const level = levels.find({i, i << 32});
    ASSERT_NE(level, nullptr);
    EXPECT_EQ(*level, i % 2 == 0 ? Level::kAdmin : Level::kEditor);
  }
  ASSERT_NE(levels.find({0, UINT64_MAX}), nullptr);
  EXPECT_EQ(*levels.find({0, UINT64_MAX}), Level::kNone);
  EXPECT_EQ(levels.find({kIds, kIds << 32}), nullptr);
}

}  // namespace
}  // namespace auth
