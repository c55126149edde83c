// Doors: beginning a session, and signing access tokens for it.
#include "core/access_token.hpp"
#include "core/token.hpp"

#include "signing_keys.hpp"

#include "setting.hpp"
#include "spi.hpp"
#include "values.hpp"

namespace {

// Both rows in one statement; $7 and $8 are the settings, in seconds. The row ends where its idle life does,
// unless the longest life of a session is shorter than that.
constinit pg::Query insert_session{
    .text = R"(
      WITH session AS (
        INSERT INTO @extschema@.sessions (id, user_id, aal, ip_address, user_agent, expires_at)
        VALUES ($1, $2, $3, $4, $5,
                pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+)
                pg_catalog.make_interval(secs => LEAST($7, $8)::double precision))
        RETURNING id, expires_at),
      refresh_token AS (
        INSERT INTO auth.refresh_tokens (token_hash, session_id) SELECT $6, id FROM session)
      SELECT expires_at FROM session)",
    .parameter_types = {UUIDOID, INT8OID, TEXTOID, INETOID, TEXTOID, BYTEAOID, INT8OID, INT8OID},
};

std::string sign(std::int64_t user_id, const auth::Uuid& session_id, std::string_view assurance_level) {
  if (assurance_level != "aal1" && assurance_level != "aal2") {
    throw pg::SqlError(ERRCODE_INVALID_PARAMETER_VALUE, "aal must be aal1 or aal2");
  }
  auth::AccessToken token;
  token.issuer = auth::setting("issuer");
  token.audience = auth::setting("audience");
  token.user_id = user_id;
  token.session_id = session_id;
  token.assurance_level = assurance_level;
  token.id = auth::to_string(auth::random_uuid());
  token.issued_at = pg::unix_from_timestamp(GetCurrentTimestamp());
  token.expires_at = token.issued_at + auth::integer_setting("access_token_seconds");
  return auth::sign_access_token(token, auth::active_signing_key());
}

}  // namespace

SQL_FUNCTION(issue_access_token) {
  return pg::text(sign(arguments.integer(0), arguments.uuid(1), arguments.text(2)));
}

SQL_FUNCTION(issue_session) {
  if (arguments.is_null(0) || arguments.is_null(1)) {
    throw pg::SqlError(ERRCODE_NULL_VALUE_NOT_ALLOWED, "user_id and aal must not be NULL");
  }
  const auth::Uuid session_id = auth::random_uuid();
  const std::string refresh_token = auth::random_token();
  // Signed first: if the key file is missing, nothing has been written.
  const std::string access_token = sign(arguments.integer(0), session_id, arguments.text(1));

  const NullableDatum id = pg::column(pg::uuid(session_id));
  NullableDatum expires_at;
  pg::execute(insert_session,
              {id, arguments.raw(0), arguments.raw(1), arguments.raw(2), arguments.raw(3),
               pg::column(pg::bytea(auth::hash_token(refresh_token))),
               pg::column(pg::integer(auth::integer_setting("session_seconds"))),
               pg::column(pg::integer(auth::integer_setting("session_maximum_seconds")))},
              {&expires_at, 1});
  const std::array columns{id, pg::column(pg::text(access_token)), pg::column(pg::text(refresh_token)),
                           expires_at};
  return arguments.row(columns);
}
