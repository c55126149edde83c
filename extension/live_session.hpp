// Whether a session lives: its row is active and not expired, and its user's status is active.
#pragma once

#include "core/uuid.hpp"

#include "values.hpp"

namespace auth {

// Until when this session of this user lives, as far as the active snapshot shows: DT_NOBEGIN if it does not,
// or belongs to somebody else. Two direct scans, about 2 µs; writes nothing, so a hot standby can do it.
TimestampTz session_lives_until(const Uuid& session_id, std::int64_t user_id);

}  // namespace auth
