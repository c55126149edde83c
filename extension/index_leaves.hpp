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
// What else the page showed is remembered, too, and as good for as long: how many entries the key has there,
// whether more follow on the next page, and of each entry two bytes that its second column makes. So a user
// with 60 assignments, none of them on the resources asked for, costs no look at 60 entries. A page holds
// about 180, so those of every third such user go on on the next page, which is remembered likewise. That it
// still is the next one needs no proof of its own: the link to it is part of the first.
//
// Not under SERIALIZABLE, where a look-up must leave its locks on the index, nor where changes are not logged
// and so leave the LSN alone: ask leaves_count() first.
#pragma once

#include "bridge.hpp"

namespace pg {

// What is remembered of an entry: entries of another mark have another second column.
struct EntryMark {
  std::uint8_t first;
  std::uint8_t second;
  bool operator==(const EntryMark&) const = default;
};

EntryMark mark_of(const pg_uuid_t& second_column);

// A page with entries of a key, as it was when it was read.
struct RememberedLeaf {
  PageXLogRecPtr lsn;
  BlockNumber block;
  Buffer buffer;
  OffsetNumber first_entry;
  std::uint16_t entries;  // of the key
};

// Four cache lines. The first bytes of all marks lie together, since the second ones are seldom looked at.
struct alignas(64) LeafPlace {
  static constexpr std::size_t kMostMarks = 100;

  std::int64_t key;
  Oid file;                              // the index's current file; 0: an empty place
  std::array<RememberedLeaf, 2> leaves;  // where the key's entries begin, and where they go on
  std::uint8_t known;                    // so many of them are remembered,
  std::uint8_t marked;                   // and so many with a mark of each entry
  bool ends_there;                       // the key has no entries but those with marks
  std::array<std::uint8_t, kMostMarks> first_bytes;
  std::array<std::uint8_t, kMostMarks> second_bytes;
};
static_assert(sizeof(LeafPlace) == 256);

// Four places for each value of a key's hash; a new one takes the place of the oldest. 8 MB of zero pages,
// touched as they fill.
inline constexpr std::size_t kLeafSets = 8192;
using LeafPlaces = std::array<std::array<LeafPlace, 4>, kLeafSets>;

// Has the processor fetch what for_each_entry() will read, if the key is remembered.
void expect_leaf(const LeafPlaces& places, std::int64_t key);

// The functions below raise PostgreSQL's errors: inside pg::call only. `index` is an open B-tree, its first
// columns a bigint and a uuid that are never NULL.

bool leaves_count(Relation index);

// The place of the key, which may be an empty one.
LeafPlace& place_of(LeafPlaces& places, Relation index, std::int64_t key);

// Pins, locks for reading and remembers the leaf where the entries of the place's key begin; invalid when the
// index is empty.
Buffer lock_first_leaf(LeafPlace& place, Relation index);
// Gives up the leaf that is number `number` of those of the place's key. Returns the next one, likewise;
// invalid when the key has no entries there.
Buffer lock_next_leaf(LeafPlace& place, Relation index, std::size_t number, Buffer leaf);

inline BTPageOpaque opaque_of(Page page) {
  return reinterpret_cast<BTPageOpaque>(PageGetSpecialPointer(page));
}
inline OffsetNumber first_entry_of(Page page) { return P_FIRSTDATAKEY(opaque_of(page)); }
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

// Shows those of a remembered leaf's entries whose marks are among the wanted; `first_mark` is the place's of
// its first entry. False when `see` has returned false.
template <class See>
bool for_each_marked(const LeafPlace& place, const RememberedLeaf& leaf, std::size_t first_mark,
                     std::span<const EntryMark> wanted, See&& see) {
  const Page page = BufferGetPage(leaf.buffer);
  const std::uint8_t* const begin = &place.first_bytes[first_mark];
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const auto done = wanted.first(i);
    if (std::find(done.begin(), done.end(), wanted[i]) != done.end()) continue;  // no entry is shown twice
    for (std::size_t entry = 0; entry < leaf.entries; ++entry) {
      const auto* const fit =
          static_cast<const std::uint8_t*>(std::memchr(begin + entry, wanted[i].first, leaf.entries - entry));
      if (fit == nullptr) break;
      entry = static_cast<std::size_t>(fit - begin);
      if (place.second_bytes[first_mark + entry] != wanted[i].second) continue;
      if (!see(entry_at(page, static_cast<OffsetNumber>(leaf.first_entry + entry)))) return false;
    }
  }
  return true;
}

// Shows the key's entries on a page from the first on; false when `see` has returned false.
template <class See>
bool for_each_on_page(Relation index, Page page, OffsetNumber first, std::int64_t key, See&& see) {
  const OffsetNumber last = PageGetMaxOffsetNumber(page);
  for (OffsetNumber number = first; number <= last; ++number) {
    const IndexTuple entry = entry_at(page, number);
    if (first_column(index, entry) != key || !see(entry)) return false;
  }
  return true;
}

// Shows the key's entries to `see` until that returns false: all whose second column has one of the marks,
// and perhaps others. `see` runs while a page is locked: it compares and copies, and touches no other page.
template <class See>
void for_each_entry(LeafPlaces& places, Relation index, std::int64_t key, std::span<const EntryMark> wanted,
                    See&& see) {
  LeafPlace& place = place_of(places, index, key);
  std::size_t marks = 0;
  Buffer buffer = lock_first_leaf(place, index);
  for (std::size_t number = 0; BufferIsValid(buffer); ++number) {
    bool goes_on = false;
    if (number < place.marked) {
      const RememberedLeaf& leaf = place.leaves[number];
      goes_on = for_each_marked(place, leaf, marks, wanted, see) &&
                !(place.ends_there && number + 1 == place.marked);
      marks += leaf.entries;
    } else {
      const Page page = BufferGetPage(buffer);
      const OffsetNumber first = number == 0 ? place.leaves[0].first_entry : first_entry_of(page);
      goes_on = for_each_on_page(index, page, first, key, see);
    }
    if (!goes_on) {
      UnlockReleaseBuffer(buffer);
      return;
    }
    buffer = lock_next_leaf(place, index, number, buffer);
  }
}

}  // namespace pg
