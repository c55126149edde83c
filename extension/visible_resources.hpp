// What one user may see, as a statement sees it: kept at a call site, read anew whenever the statement stamp
// changes, so it is never older than the snapshot of the statement that asks.
#pragma once

#include "core/id_levels.hpp"

#include "assignments.hpp"
#include "statement_stamp.hpp"

namespace auth {

class VisibleResources {
 public:
  VisibleResources() = default;
  VisibleResources(const VisibleResources&) = delete;
  VisibleResources& operator=(const VisibleResources&) = delete;

  // Turns to a user and to now. What is known stays known if it is of the same user and stamp.
  void turn_to(std::int64_t user_id);

  // Whether the user's level on the resource is at least `level`. The first few questions of a statement are
  // answered one by one; from then on by the list of the user's assignments, which may be long.
  bool has_level(ResourceType type, const pg_uuid_t& id, Level level);

  // The ids of the resources on which the user's level is at least `level`, sorted, as uuid[]. The array
  // belongs to `memory` and lives until the next call that finds the stamp changed, or asks for another type
  // or level.
  Datum ids(ResourceType type, Level level, MemoryContext memory);

 private:
  void load();
  Level find_level(ResourceType type, const pg_uuid_t& id);
  std::vector<pg_uuid_t> list_ids(ResourceType type, Level level);

  StatementStamp stamp_{};
  std::int64_t user_id_ = 0;
  int questions_ = 0;
  bool loaded_ = false;
  bool reaches_below_ = false;  // some assignment counts on more than its own resource
  bool sees_nothing_ = false;
  bool sees_everything_ = false;
  std::vector<Assignment> assignments_;
  std::array<IdLevels, kResourceTypes> assigned_;  // the assignments, by type
  std::array<IdLevels, kResourceTypes> known_;     // answers so far, by type

  // The array that ids() made last.
  ArrayType* array_ = nullptr;
  ResourceType array_type_{};
  Level array_level_{};
};

}  // namespace auth
