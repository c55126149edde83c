// Doors: who is calling?
#include "access_tokens.hpp"
#include "caller.hpp"
#include "live_session.hpp"
#include "transaction_identity.hpp"

namespace {

std::int64_t authenticate_token(std::string_view text) {
  const auth::VerifiedToken& token = auth::verify_access_token(text);
  if (auth::session_lives_until(token.session_id, token.user_id) == DT_NOBEGIN)
    throw auth::invalid_credentials();
  auth::remember_identity({token.user_id, token.session_id});
  return token.user_id;
}

}  // namespace

std::int64_t auth::require_user(const pg::Arguments& arguments, int number) {
  if (!arguments.is_null(number)) return authenticate_token(arguments.text(number));
  const Identity* const identity = live_identity();
  if (identity == nullptr) throw not_authenticated();
  return identity->user_id;
}

SQL_FUNCTION(decode_access_token) {
  const auth::VerifiedToken& token = auth::verify_access_token(arguments.text(0));
  const std::array columns{
      pg::column(pg::integer(token.user_id)),
      pg::column(pg::uuid(token.session_id)),
      pg::column(pg::text(token.is_aal2 ? "aal2" : "aal1")),
      pg::column(TimestampTzGetDatum(token.expires_at)),
  };
  return arguments.row(columns);
}

SQL_FUNCTION(authenticate) {
  if (arguments.is_null(0)) throw auth::not_authenticated();
  return pg::integer(authenticate_token(arguments.text(0)));
}

SQL_FUNCTION(require_user) { return pg::integer(auth::require_user(arguments, 0)); }

SQL_FUNCTION(current_user_id) {
  const auth::Identity* const identity = auth::live_identity();
  return identity == nullptr ? arguments.null() : pg::integer(identity->user_id);
}

SQL_FUNCTION(current_session_id) {
  const auth::Identity* const identity = auth::live_identity();
  return identity == nullptr ? arguments.null() : pg::uuid(identity->session_id);
}
