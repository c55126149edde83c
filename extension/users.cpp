#include "users.hpp"

#include "index_scan.hpp"

namespace auth {
namespace {

constinit pg::RowPlaces user_places{};

enum UserColumn { kId, kStatus, kIsSuperuser };
constinit pg::IndexedTable users_table{
    .schema = pg::Schema::kExtension,
    .name = "users",
    .columns = {{"id", INT8OID}, {"status", TEXTOID}, {"is_superuser", BOOLOID}},
    .places = &user_places,
};

// In the order of UserStatus.
constexpr std::array<std::string_view, 5> kStatusNames{"active", "inactive", "suspended", "pending",
                                                       "deleted"};

// A CHECK of the table admits these five and no other.
UserStatus status_of(Datum value) {
  const std::string_view name = pg::text_view(value);
  for (std::size_t i = 0; i < kStatusNames.size(); ++i) {
    if (name == kStatusNames[i]) return static_cast<UserStatus>(i);
  }
  return UserStatus::kInactive;
}

}  // namespace

const char* name_of(UserStatus status) { return kStatusNames[static_cast<std::size_t>(status)].data(); }

void expect_user(std::int64_t user_id) { pg::expect_key(users_table, pg::Key(user_id)); }

std::optional<UserFacts> find_user(std::int64_t user_id) {
  UserFacts facts{};
  const bool found = pg::find_by_primary_key(users_table, pg::Key(user_id), [&](const pg::Row& row) {
    facts = {.status = status_of(row[kStatus].value), .is_superuser = DatumGetBool(row[kIsSuperuser].value)};
  });
  if (!found) return std::nullopt;
  return facts;
}

}  // namespace auth
