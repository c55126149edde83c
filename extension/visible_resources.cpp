#include "visible_resources.hpp"

#include "users.hpp"

namespace auth {
namespace {

// A look-up by primary key asks once, a page a few times, a scan for every row. Up to here, asking costs less
// than the list of somebody who has a hundred assignments.
constexpr int kQuestionsBeforeLoading = 32;

IdLevels::Id key_of(const pg_uuid_t& id) {
  IdLevels::Id key;
  static_assert(sizeof key == UUID_LEN);
  std::memcpy(key.data(), id.data, UUID_LEN);
  return key;
}

Datum array_of(std::vector<pg_uuid_t>& ids, MemoryContext memory) {
  return pg::call([&] {
    const MemoryContext before = MemoryContextSwitchTo(memory);
    auto* const elements =
        static_cast<Datum*>(palloc_extended(sizeof(Datum) * (ids.size() + 1), MCXT_ALLOC_HUGE));
    std::size_t count = 0;
    for (pg_uuid_t& id : ids) elements[count++] = UUIDPGetDatum(&id);
    ArrayType* const array =
        construct_array(elements, static_cast<int>(count), UUIDOID, UUID_LEN, false, TYPALIGN_CHAR);
    pfree(elements);
    MemoryContextSwitchTo(before);
    return PointerGetDatum(array);
  });
}

}  // namespace

void VisibleResources::turn_to(std::int64_t user_id) {
  const StatementStamp now = statement_stamp();
  if (stamp_ == now && user_id_ == user_id) return;
  stamp_ = {};  // should reading fail, nothing is known
  questions_ = 0;
  loaded_ = false;
  reaches_below_ = false;
  assignments_.clear();
  assigned_ = {};
  known_ = {};
  if (array_ != nullptr) pfree(array_);
  array_ = nullptr;

  const auto user = find_user(user_id);
  sees_nothing_ = !user || user->status != UserStatus::kActive;
  sees_everything_ = !sees_nothing_ && user->is_superuser;
  user_id_ = user_id;
  stamp_ = now;
}

void VisibleResources::load() {
  if (loaded_) return;
  assignments_ = list_assignments(user_id_);
  for (const Assignment& assignment : assignments_) {
    if (assignment.type != ResourceType::kProject) reaches_below_ = true;
    assigned_[static_cast<std::size_t>(assignment.type)].raise(key_of(assignment.resource_id),
                                                               assignment.level);
  }
  loaded_ = true;
}

Level VisibleResources::find_level(ResourceType type, const pg_uuid_t& id) {
  const auto path = find_path(type, id);
  if (!path) return Level::kNone;
  if (sees_everything_) return Level::kSuperadmin;
  if (!loaded_) return find_assignments(user_id_, *path).level();
  Level strongest = Level::kNone;
  for (std::size_t i = 0; i <= static_cast<std::size_t>(type); ++i) {
    if (const Level* const level = assigned_[i].find(key_of(path->ids[i])))
      strongest = std::max(strongest, *level);
  }
  return strongest;
}

bool VisibleResources::has_level(ResourceType type, const pg_uuid_t& id, Level level) {
  if (sees_nothing_) return false;
  const IdLevels::Id key = key_of(id);
  if (loaded_ && !reaches_below_ && assigned_[static_cast<std::size_t>(type)].find(key) == nullptr)
    return false;
  IdLevels& known = known_[static_cast<std::size_t>(type)];
  if (const Level* const answer = known.find(key)) return *answer >= level;
  if (questions_ < kQuestionsBeforeLoading) {
    ++questions_;
  } else if (!sees_everything_) {
    load();
  }
  const Level found = find_level(type, id);
  known.raise(key, found);
  return found >= level;
}

std::vector<pg_uuid_t> VisibleResources::list_ids(ResourceType type, Level level) {
  std::vector<pg_uuid_t> ids;
  if (sees_nothing_) return ids;
  if (sees_everything_) {
    append_all(ids, type);
    return ids;
  }
  load();
  for (const Assignment& assignment : assignments_) {
    if (assignment.level < level || assignment.type > type) continue;
    if (assignment.type < type) {
      append_children(ids, type, assignment.type, assignment.resource_id);
    } else if (find_path(type, assignment.resource_id)) {
      ids.push_back(assignment.resource_id);
    }
  }
  std::sort(ids.begin(), ids.end(), [](const pg_uuid_t& left, const pg_uuid_t& right) {
    return std::memcmp(left.data, right.data, UUID_LEN) < 0;
  });
  ids.erase(std::unique(ids.begin(), ids.end(), same_id), ids.end());
  return ids;
}

Datum VisibleResources::ids(ResourceType type, Level level, MemoryContext memory) {
  if (array_ == nullptr || array_type_ != type || array_level_ != level) {
    std::vector<pg_uuid_t> ids = list_ids(type, level);
    if (array_ != nullptr) pfree(array_);
    array_ = nullptr;
    array_ = DatumGetArrayTypeP(array_of(ids, memory));
    array_type_ = type;
    array_level_ = level;
  }
  return PointerGetDatum(array_);
}

}  // namespace auth
