#include "assignments.hpp"

#include "index_scan.hpp"

namespace auth {
namespace {

enum AssignmentColumn { kResourceId, kResourceType, kRole, kRoleId, kExpiresAt };
constinit pg::IndexedTable assignments_table{
    .schema = pg::Schema::kExtension,
    .name = "user_role_assignments",
    .columns = {{"resource_id", UUIDOID},
                {"resource_type", TEXTOID},
                {"role", TEXTOID},
                {"role_id", UUIDOID},
                {"expires_at", TIMESTAMPTZOID}},
};
constexpr int kResourceIdInIndex = 1;  // of the primary key (user_id, resource_id)

// A user with more entries than that is looked up by each id of the path instead: 64 entries, about a third
// of a page, cost less to walk over than two more descents.
constexpr int kMostEntriesToWalk = 64;

std::string_view text_of(Datum value) {
  const auto* const text = reinterpret_cast<const varlena*>(DatumGetPointer(value));
  return {VARDATA_ANY(text), VARSIZE_ANY_EXHDR(text)};
}

// Whether the assignment counts; CHECKs of the table admit no other type and role than ours.
bool read(const pg::Row& row, Assignment& assignment) {
  const NullableDatum expires_at = row[kExpiresAt];
  if (!expires_at.isnull && DatumGetTimestampTz(expires_at.value) <= GetCurrentStatementStartTimestamp()) {
    return false;
  }
  const auto type = parse_resource_type(text_of(row[kResourceType].value));
  const auto level = parse_level(text_of(row[kRole].value));
  if (!type || !level) return false;
  const NullableDatum role_id = row[kRoleId];
  assignment.type = *type;
  assignment.level = *level;
  assignment.names_role = !role_id.isnull;
  assignment.resource_id = row.uuid(kResourceId);
  if (!role_id.isnull) assignment.role_id = *DatumGetUUIDP(role_id.value);
  return true;
}

bool lies_on(const Path& path, const pg_uuid_t& id) {
  for (std::size_t i = 0; i <= static_cast<std::size_t>(path.type); ++i) {
    if (same_id(path.ids[i], id)) return true;
  }
  return false;
}

}  // namespace

Level AssignmentsOnPath::level() const {
  Level strongest = Level::kNone;
  for (const Assignment& assignment : items()) strongest = std::max(strongest, assignment.level);
  return strongest;
}

AssignmentsOnPath find_assignments(std::int64_t user_id, const Path& path) {
  AssignmentsOnPath found;
  pg::call([&] {
    const auto add_row = [&](pg::IndexWalk& walk) {
      Assignment assignment;
      if (!walk.fetch_row() || !read(walk.row(), assignment)) return;
      // An id names one resource only together with its type.
      const auto type = static_cast<std::size_t>(assignment.type);
      if (assignment.type <= path.type && same_id(path.ids[type], assignment.resource_id))
        found.add(assignment);
    };

    pg::IndexWalk walk(assignments_table, {pg::Key(user_id)}, true);
    int entries = 0;
    bool more = walk.next_entry();
    for (; more && entries < kMostEntriesToWalk; more = walk.next_entry(), ++entries) {
      if (lies_on(path, *DatumGetUUIDP(walk.entry_column(kResourceIdInIndex)))) add_row(walk);
    }
    walk.end();
    if (more) {
      found = {};
      for (std::size_t i = 0; i <= static_cast<std::size_t>(path.type); ++i) {
        pg::IndexWalk probe(assignments_table, {pg::Key(user_id), pg::Key(path.ids[i])});
        while (probe.next_entry()) add_row(probe);
        probe.end();
      }
    }
  });
  return found;
}

std::vector<Assignment> list_assignments(std::int64_t user_id, std::size_t most) {
  std::vector<Assignment> assignments;
  pg::call([&] {
    pg::IndexWalk walk(assignments_table, {pg::Key(user_id)});
    Assignment assignment;
    while (assignments.size() < most && walk.next_row()) {
      if (read(walk.row(), assignment)) assignments.push_back(assignment);
    }
    walk.end();
  });
  return assignments;
}

}  // namespace auth
