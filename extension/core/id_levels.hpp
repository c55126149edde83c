// Which level a user has on which ids: a hash table of 16-byte ids, open addressing, never shrinks. A policy
// asks it once a row, so a look-up must cost nanoseconds.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/roles.hpp"

namespace auth {

class IdLevels {
 public:
  using Id = std::array<std::uint64_t, 2>;

  // The level stored for the id; null when none is, not even kNone. Valid until the next raise().
  const Level* find(const Id& id) const;

  // Stores the level for the id, unless a stronger one is there.
  void raise(const Id& id, Level level);

 private:
  struct Entry {
    Id id;
    Level level;
    bool used;
  };

  std::size_t start_of(const Id& id) const;
  void grow();

  std::vector<Entry> entries_;  // a power of two of them, at most half of them used
  std::size_t used_ = 0;
};

}  // namespace auth
