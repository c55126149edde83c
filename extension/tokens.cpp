// Doors: opaque tokens.
#include "core/token.hpp"

#include "values.hpp"

SQL_FUNCTION(random_token) { return pg::text(auth::random_token()); }

SQL_FUNCTION(seal_with_token) {
  return pg::bytea(auth::seal_with_token(arguments.text(0), arguments.text(1)));
}

SQL_FUNCTION(open_with_token) {
  const auto opened = auth::open_with_token(arguments.bytea(0), arguments.text(1));
  return opened ? pg::text(auth::as_text(*opened)) : arguments.null();
}
