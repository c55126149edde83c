// Doors: passwords.
#include "core/password.hpp"
#include "core/strength.hpp"

#include "setting.hpp"
#include "values.hpp"

namespace {

auth::PasswordParameters configured_parameters() {
  return auth::parse_password_parameters(auth::setting("password_hash_parameters"));
}

}  // namespace

SQL_FUNCTION(hash_password) {
  return pg::text(auth::hash_password(arguments.text(0), configured_parameters()));
}

SQL_FUNCTION(verify_password) {
  return pg::boolean(auth::verify_password(arguments.text(0), arguments.text(1)));
}

SQL_FUNCTION(password_hash_is_current) {
  return pg::boolean(auth::hash_is_current(arguments.text(0), configured_parameters()));
}

SQL_FUNCTION(check_password_hash_parameters) {
  auth::check_password_parameters(auth::parse_password_parameters(arguments.text(0)));
  return pg::nothing();
}

SQL_FUNCTION(estimate_password_strength) {
  if (arguments.is_null(0)) return arguments.null();
  const std::vector<std::string> context =
      arguments.is_null(1) ? std::vector<std::string>{} : arguments.text_array(1);
  const auth::PasswordStrength strength = auth::estimate_strength(arguments.text(0), context);
  const std::array columns{
      pg::column(Int32GetDatum(strength.score)),
      pg::column(Float8GetDatum(strength.guesses_log10)),
      strength.reason.empty() ? pg::null_column() : pg::column(pg::text(strength.reason)),
      strength.suggestion.empty() ? pg::null_column() : pg::column(pg::text(strength.suggestion)),
  };
  return arguments.row(columns);
}
