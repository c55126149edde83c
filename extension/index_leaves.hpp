// Where in an index the entries of a key begin, so that the next look-up of the same key need not descend
// the index: 0.4 µs instead of 2.
//
// Asking for a user's assignments on three resources nearly always ends with "none", and there is no row to
// be found again that could prove it (row_places.hpp does that for rows that exist). A leaf page can: when a
// descent for a key ends at a leaf, all entries of the key begin there, at a certain place of it. That holds
// for as long as the page stays as it is, whatever happens to its neighbours: what a page covers is bounded
// below by its left neighbour's high key, which only the deletion of that neighbour moves, and that changes
// the page too (nbtree/README, "Page Deletion").
//
// So a remembered leaf counts only if, now, the block of that file is still in the same buffer and its LSN,
// which every change of a page moves forward, is the one that the descent saw. Else there is a descent.
// Nothing here can be out of date, and nothing needs to be invalidated.
//
// What else the page showed at the descent is remembered, too, and as good for as long: how many entries the
// key has there, whether more follow on the next page, and of each entry a byte that its second column makes.
// So a user with 60 assignments, none of them on the resources asked for, costs no look at 60 entries.
//
// Not under SERIALIZABLE, where a look-up must leave its locks on the index, nor where changes are not logged
// and so leave the LSN alone: ask leaves_count() first.
#pragma once

#include "bridge.hpp"

namespace pg {

// What is remembered of an entry: entries of another mark have another second column.
using EntryMark = std::uint8_t;

EntryMark mark_of(const pg_uuid_t& second_column);

// Three cache lines.
struct alignas(64) LeafPlace {
  static constexpr std::size_t kMostMarks = 157;

  std::int64_t key;
  XLogRecPtr lsn;
  Oid file;  // the index's current file; 0: an empty place
  BlockNumber block;
  Buffer buffer;
  OffsetNumber first_entry;
  std::uint16_t entries;  // of the key on that page
  bool is_marked;         // they are few enough for a mark of each
  bool ends_there;        // the next page has none
  std::array<EntryMark, kMostMarks> marks;
};
static_assert(sizeof(LeafPlace) == 192);

// Four places for each value of a key's hash; a new one takes the place of the oldest. 6 MB of zero pages,
// touched as they fill.
inline constexpr std::size_t kLeafSets = 8192;
using LeafPlaces = std::array<std::array<LeafPlace, 4>, kLeafSets>;

// A page of the index, pinned and locked for reading, and the first entry on it to look at.
struct LockedLeaf {
  Buffer buffer;  // invalid: there is none
  OffsetNumber entry;
  const LeafPlace* known = nullptr;  // what the key has from there on, where that is remembered
};

// Has the processor fetch what find_leaf() and a walk from there will read, if the key is remembered.
void expect_leaf(const LeafPlaces& places, std::int64_t key);

// The functions below raise PostgreSQL's errors: inside pg::call only. `index` is an open B-tree, its first
// columns a bigint and a uuid that are never NULL.

bool leaves_count(Relation index);

// The first entry of the key or, if it has none, of the next one.
LockedLeaf find_leaf(LeafPlaces& places, Relation index, std::int64_t key);
// The page to the right, when the key may have entries there. Gives the page up in any case.
LockedLeaf next_leaf(Relation index, const LockedLeaf& leaf, std::int64_t key);

inline IndexTuple entry_at(Page page, OffsetNumber number) {
  return reinterpret_cast<IndexTuple>(PageGetItem(page, PageGetItemId(page, number)));
}
inline std::int64_t first_column(Relation index, IndexTuple entry) {
  bool is_null = false;
  return DatumGetInt64(index_getattr(entry, 1, RelationGetDescr(index), &is_null));
}
inline const pg_uuid_t& second_column(Relation index, IndexTuple entry) {
  bool is_null = false;
  const Datum column = index_getattr(entry, 2, RelationGetDescr(index), &is_null);
  const auto* const value = is_null ? nullptr : DatumGetUUIDP(column);
  if (value == nullptr) elog(ERROR, "an entry of index \"%s\" has NULL", RelationGetRelationName(index));
  return *value;
}

// Shows those of the remembered entries that have one of the marks; false when `see` has returned false.
template <class See>
bool for_each_marked(const LockedLeaf& leaf, std::span<const EntryMark> wanted, See&& see) {
  const EntryMark* const begin = leaf.known->marks.data();
  const EntryMark* const end = begin + leaf.known->entries;
  const auto find = [end](const EntryMark* from, EntryMark mark) {
    return static_cast<const EntryMark*>(std::memchr(from, mark, static_cast<std::size_t>(end - from)));
  };
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (std::memchr(wanted.data(), wanted[i], i) != nullptr) continue;  // no entry is shown twice
    for (const EntryMark* mark = find(begin, wanted[i]); mark != nullptr; mark = find(mark + 1, wanted[i])) {
      if (!see(
              entry_at(BufferGetPage(leaf.buffer), static_cast<OffsetNumber>(leaf.entry + (mark - begin))))) {
        return false;
      }
    }
  }
  return true;
}

// Shows the key's entries to `see` until that returns false: all whose second column has one of the marks,
// and perhaps others. `see` runs while a page is locked: it compares and copies, and touches no other page.
template <class See>
void for_each_entry(LeafPlaces& places, Relation index, std::int64_t key, std::span<const EntryMark> wanted,
                    See&& see) {
  LockedLeaf leaf = find_leaf(places, index, key);
  if (leaf.known != nullptr && leaf.known->is_marked) {
    if (!for_each_marked(leaf, wanted, see) || leaf.known->ends_there) {
      UnlockReleaseBuffer(leaf.buffer);
      return;
    }
    leaf = next_leaf(index, leaf, key);
  }
  while (BufferIsValid(leaf.buffer)) {
    const Page page = BufferGetPage(leaf.buffer);
    const OffsetNumber last = PageGetMaxOffsetNumber(page);
    for (OffsetNumber number = leaf.entry; number <= last; ++number) {
      const IndexTuple entry = entry_at(page, number);
      if (first_column(index, entry) != key || !see(entry)) {
        UnlockReleaseBuffer(leaf.buffer);
        return;
      }
    }
    leaf = next_leaf(index, leaf, key);
  }
}

}  // namespace pg
