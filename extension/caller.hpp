// Who is calling, for doors that act for the caller.
#pragma once

#include "values.hpp"

namespace auth {

// The user id of the caller: with a token (argument `number` not NULL) that token's user, who becomes the
// transaction's identity; otherwise the identity that the transaction has. Throws SqlError A0401.
std::int64_t require_user(const pg::Arguments& arguments, int number);

}  // namespace auth
