#include "live_session.hpp"

#include "index_scan.hpp"
#include "users.hpp"

namespace auth {
namespace {

constinit pg::RowPlaces session_places{};

enum SessionColumn { kId, kUserId, kIsActive, kExpiresAt };
constinit pg::IndexedTable sessions_table{
    .schema = pg::Schema::kExtension,
    .name = "sessions",
    .columns = {{"id", UUIDOID},
                {"user_id", INT8OID},
                {"is_active", BOOLOID},
                {"expires_at", TIMESTAMPTZOID}},
    .places = &session_places,
};

bool user_is_active(std::int64_t user_id) {
  const auto user = find_user(user_id);
  return user && user->status == UserStatus::kActive;
}

}  // namespace

TimestampTz session_lives_until(const Uuid& session_id, std::int64_t user_id) {
  TimestampTz until = DT_NOBEGIN;
  pg_uuid_t key;
  std::memcpy(key.data, session_id.data(), UUID_LEN);
  pg::find_by_primary_key(sessions_table, pg::Key(key), [&](const pg::Row& row) {
    if (DatumGetInt64(row[kUserId].value) == user_id && DatumGetBool(row[kIsActive].value)) {
      until = DatumGetTimestampTz(row[kExpiresAt].value);
    }
  });
  if (until <= GetCurrentTimestamp() || !user_is_active(user_id)) return DT_NOBEGIN;
  return until;
}

}  // namespace auth
