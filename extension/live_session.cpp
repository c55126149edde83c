#include "live_session.hpp"

#include "index_scan.hpp"

namespace auth {
namespace {

enum SessionColumn { kUserId, kIsActive, kExpiresAt };
constinit pg::IndexedTable sessions_table{
    .schema = pg::Schema::kExtension,
    .name = "sessions",
    .columns = {{"user_id", INT8OID}, {"is_active", BOOLOID}, {"expires_at", TIMESTAMPTZOID}},
};

enum UserColumn { kStatus };
constinit pg::IndexedTable users_table{
    .schema = pg::Schema::kExtension,
    .name = "users",
    .columns = {{"status", TEXTOID}},
};

bool user_is_active(std::int64_t user_id) {
  bool active = false;
  pg::find_by_primary_key(users_table, Int64GetDatum(user_id), F_INT8EQ, [&](const pg::Row& row) {
    constexpr std::string_view kActive = "active";
    const text* const status = DatumGetTextPP(row[kStatus].value);
    active = std::string_view(VARDATA_ANY(status), VARSIZE_ANY_EXHDR(status)) == kActive;
  });
  return active;
}

}  // namespace

TimestampTz session_lives_until(const Uuid& session_id, std::int64_t user_id) {
  TimestampTz until = DT_NOBEGIN;
  pg_uuid_t key;
  std::memcpy(key.data, session_id.data(), UUID_LEN);
  pg::find_by_primary_key(sessions_table, UUIDPGetDatum(&key), F_UUID_EQ, [&](const pg::Row& row) {
    if (DatumGetInt64(row[kUserId].value) == user_id && DatumGetBool(row[kIsActive].value)) {
      until = DatumGetTimestampTz(row[kExpiresAt].value);
    }
  });
  if (until <= GetCurrentTimestamp() || !user_is_active(user_id)) return DT_NOBEGIN;
  return until;
}

}  // namespace auth
