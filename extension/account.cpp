// Door: the caller's own account as JSON, without a query.
//
// A direct scan checks no privilege: what is listed here is what the caller may see of their own row.
#include "access_tokens.hpp"
#include "caller.hpp"
#include "index_scan.hpp"

namespace {

// The members of the answer, in this order; each is named as its column is.
constinit pg::IndexedTable users_table{
    .schema = pg::Schema::kExtension,
    .name = "users",
    .columns = {{"id", INT8OID},
                {"email", TEXTOID},
                {"full_name", TEXTOID},
                {"status", TEXTOID},
                {"is_verified", BOOLOID},
                {"is_superuser", BOOLOID},
                {"application_admin", BOOLOID},
                {"is_manager", BOOLOID},
                {"is_password_temporary", BOOLOID},
                {"phone_number", TEXTOID},
                {"phone_verified", BOOLOID},
                {"mfa_enabled", BOOLOID},
                {"sms_mfa_enabled", BOOLOID},
                {"email_mfa_enabled", BOOLOID},
                {"biometric_mfa_enabled", BOOLOID},
                {"last_login", TIMESTAMPTZOID},
                {"created_at", TIMESTAMPTZOID},
                {"updated_at", TIMESTAMPTZOID}},
};

// The functions below call PostgreSQL and own nothing: they run inside pg::call.

void append_value(StringInfo json, Datum value, Oid type) {
  switch (type) {
    case INT8OID: {
      char digits[MAXINT8LEN + 1];
      appendBinaryStringInfo(json, digits, pg_lltoa(DatumGetInt64(value), digits));
      return;
    }
    case BOOLOID:
      appendStringInfoString(json, DatumGetBool(value) ? "true" : "false");
      return;
    case TIMESTAMPTZOID: {
      char time[MAXDATELEN + 1];
      appendStringInfoChar(json, '"');
      appendStringInfoString(json, JsonEncodeDateTime(time, value, type, nullptr));
      appendStringInfoChar(json, '"');
      return;
    }
    default:
      escape_json(json, TextDatumGetCString(value));
  }
}

void append_row(StringInfo json, const pg::Row& row) {
  for (int number = 0; users_table.columns[number].name != nullptr; ++number) {
    appendStringInfoString(json, number == 0 ? "{\"" : ", \"");
    appendStringInfoString(json, users_table.columns[number].name);
    appendStringInfoString(json, "\": ");
    const NullableDatum column = row[number];
    if (column.isnull) {
      appendStringInfoString(json, "null");
    } else {
      append_value(json, column.value, users_table.columns[number].type);
    }
  }
  appendStringInfoChar(json, '}');
}

}  // namespace

SQL_FUNCTION(me) {
  const std::int64_t user_id = auth::require_user(arguments, 0);
  StringInfoData json{};
  Datum result{0};
  const bool found = pg::find_by_primary_key(users_table, pg::Key(user_id), [&](const pg::Row& row) {
    initStringInfo(&json);
    append_row(&json, row);
    result = PointerGetDatum(cstring_to_text_with_len(json.data, json.len));
  });
  if (!found) throw auth::invalid_credentials();
  return result;
}
