#include "core/random.hpp"

#include <sodium/randombytes.h>

namespace auth {

void fill_random(std::span<std::uint8_t> buffer) { randombytes_buf(buffer.data(), buffer.size()); }

}  // namespace auth
