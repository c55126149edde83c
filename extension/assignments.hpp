// What roles a user holds. Expired assignments are left out, by the statement's clock.
#pragma once

#include "hierarchy.hpp"

namespace auth {

struct Assignment {
  ResourceType type;
  Level level;
  bool names_role;  // one of the operator's own, role_id
  pg_uuid_t resource_id;
  pg_uuid_t role_id;
};

// A user's assignments on a resource and its parents: one a resource, so at most three.
class AssignmentsOnPath {
 public:
  // Only an index that is damaged, and so not unique, shows more than there is room for; those are left out.
  void add(const Assignment& assignment) {
    if (size_ < items_.size()) items_[size_++] = assignment;
  }
  std::span<const Assignment> items() const { return {items_.data(), size_}; }
  // The strongest of them.
  Level level() const;

 private:
  std::array<Assignment, kResourceTypes> items_;
  std::size_t size_ = 0;
};

// Has the processor fetch what find_assignments() will read.
void expect_assignments(std::int64_t user_id);

// One walk over the user's index entries, which reads the rows of those alone that lie on the path.
AssignmentsOnPath find_assignments(std::int64_t user_id, const Path& path);

// All of a user's assignments, in no order. `most`: stop after so many.
std::vector<Assignment> list_assignments(std::int64_t user_id, std::size_t most = SIZE_MAX);

}  // namespace auth
