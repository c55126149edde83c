// Random bytes from the operating system's generator (getrandom), the only source of randomness here.
#pragma once

#include "core/bytes.hpp"

namespace auth {

// Fills the buffer. Keeps no state, so a forked server process can never repeat another's bytes.
// Aborts the process if the operating system has no randomness to give, as libsodium does.
void fill_random(std::span<std::uint8_t> buffer);

}  // namespace auth
