#include "assignments.hpp"

#include "index_leaves.hpp"
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

constinit pg::LeafPlaces leaf_places{};

// A user with more entries than that is looked up by each id of the path instead: so many, a page and a bit,
// cost less to walk over than three descents.
constexpr int kMostEntriesToWalk = 256;

// More than that would be leftovers of many changes that VACUUM has not come to yet.
constexpr std::size_t kMostRowsOnPath = 16;

// Whether the assignment counts; CHECKs of the table admit no other type and role than ours.
bool read(const pg::Row& row, Assignment& assignment) {
  const NullableDatum expires_at = row[kExpiresAt];
  if (!expires_at.isnull && DatumGetTimestampTz(expires_at.value) <= GetCurrentStatementStartTimestamp()) {
    return false;
  }
  const auto type = parse_resource_type(pg::text_view(row[kResourceType].value));
  const auto level = parse_level(pg::text_view(row[kRole].value));
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

// The functions down to the next line run inside pg::call.

void add(AssignmentsOnPath& found, const pg::Row& row, const Path& path) {
  Assignment assignment;
  if (!read(row, assignment)) return;
  // An id names one resource only together with its type.
  const auto type = static_cast<std::size_t>(assignment.type);
  if (assignment.type <= path.type && same_id(path.ids[type], assignment.resource_id)) found.add(assignment);
}

struct RowsOnPath {
  std::array<ItemPointerData, kMostRowsOnPath> places;
  std::size_t count = 0;
};

// Where the rows lie that the index has for the user and the ids of the path, seen by the snapshot or not.
// False when that is not the way to find them. The index is the primary key (user_id, resource_id).
bool find_rows(Relation table, Relation index, std::int64_t user_id, const Path& path, RowsOnPath& rows) {
  if (!pg::places_count(table) || !pg::leaves_count(index)) return false;
  const std::size_t length = static_cast<std::size_t>(path.type) + 1;
  std::array<pg::EntryMark, kResourceTypes> marks;
  for (std::size_t i = 0; i < length; ++i) marks[i] = pg::mark_of(path.ids[i]);
  int left_to_walk = kMostEntriesToWalk;
  bool complete = true;
  pg::for_each_entry(leaf_places, index, user_id, std::span(marks).first(length), [&](IndexTuple entry) {
    if (--left_to_walk < 0) return complete = false;
    if (!lies_on(path, pg::second_column(index, entry))) return true;
    // An entry stands for several rows where duplicates were merged: versions of one, in a unique index.
    const bool is_posting = BTreeTupleIsPosting(entry);
    const std::size_t count = is_posting ? BTreeTupleGetNPosting(entry) : 1;
    if (rows.count + count > rows.places.size()) return complete = false;
    for (std::size_t i = 0; i < count; ++i) {
      rows.places[rows.count++] =
          is_posting ? *BTreeTupleGetPostingN(entry, static_cast<int>(i)) : entry->t_tid;
    }
    return true;
  });
  return complete;
}

// ---------------------------------------------------------------------------------------------------------------

}  // namespace

Level AssignmentsOnPath::level() const {
  Level strongest = Level::kNone;
  for (const Assignment& assignment : items()) strongest = std::max(strongest, assignment.level);
  return strongest;
}

void expect_assignments(std::int64_t user_id) { pg::expect_leaf(leaf_places, user_id); }

AssignmentsOnPath find_assignments(std::int64_t user_id, const Path& path) {
  AssignmentsOnPath found;
  pg::call([&] {
    Relation table = pg::open_table(assignments_table);
    Relation index = pg::open_index(assignments_table);
    RowsOnPath rows;
    if (find_rows(table, index, user_id, path, rows)) {
      for (std::size_t i = 0; i < rows.count; ++i) {
        pg::HeldRow held;
        if (!pg::hold_row_at(table, rows.places[i], held)) continue;
        add(found, pg::Row(assignments_table, held, table), path);
        ReleaseBuffer(held.buffer);
      }
    } else {
      for (std::size_t i = 0; i <= static_cast<std::size_t>(path.type); ++i) {
        pg::IndexWalk probe(assignments_table, {pg::Key(user_id), pg::Key(path.ids[i])});
        while (probe.next_row()) add(found, probe.row(), path);
        probe.end();
      }
    }
    index_close(index, NoLock);
    table_close(table, NoLock);
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
