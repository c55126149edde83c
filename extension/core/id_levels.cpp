#include "core/id_levels.hpp"

#include <algorithm>

#include "core/spread.hpp"

namespace auth {

std::size_t IdLevels::start_of(const Id& id) const {
  return (spread(id[0], id[1]) >> 32) & (entries_.size() - 1);
}

const Level* IdLevels::find(const Id& id) const {
  if (entries_.empty()) return nullptr;
  for (std::size_t i = start_of(id);; i = (i + 1) & (entries_.size() - 1)) {
    const Entry& entry = entries_[i];
    if (!entry.used) return nullptr;
    if (entry.id == id) return &entry.level;
  }
}

void IdLevels::raise(const Id& id, Level level) {
  if (used_ * 2 >= entries_.size()) grow();
  for (std::size_t i = start_of(id);; i = (i + 1) & (entries_.size() - 1)) {
    Entry& entry = entries_[i];
    if (!entry.used) {
      entry = {.id = id, .level = level, .used = true};
      ++used_;
      return;
    }
    if (entry.id == id) {
      entry.level = std::max(entry.level, level);
      return;
    }
  }
}

void IdLevels::grow() {
  constexpr std::size_t kFirstSize = 64;
  std::vector<Entry> entries(entries_.empty() ? kFirstSize : entries_.size() * 2);
  entries.swap(entries_);
  used_ = 0;
  for (const Entry& entry : entries) {
    if (entry.used) raise(entry.id, entry.level);
  }
}

}  // namespace auth
