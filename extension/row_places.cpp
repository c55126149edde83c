#include <bit>

#include "row_places.hpp"

namespace pg {
namespace {

// Keys may be random or count up from one, at either end: multiplication spreads both (the constant is 2^64
// divided by the golden ratio; Knuth, The Art of Computer Programming, section 6.4).
RowPlace& place_of(RowPlaces& places, const PlaceKey& key) {
  const std::uint64_t mixed = (key.low ^ (key.high >> 7) ^ (key.high << 9)) * 0x9E3779B97F4A7C15U;
  return places[mixed >> (64 - std::countr_zero(kRowPlaces))];
}

bool places_count(Relation table) {
  return table->rd_tableam == GetHeapamTableAmRoutine() && !IsolationIsSerializable();
}

}  // namespace

bool hold_remembered_row(RowPlaces& places, Relation table, AttrNumber attribute, Oid type,
                         const PlaceKey& key, HeldRow& held) {
  const RowPlace& place = place_of(places, key);
  if (place.file != version::file_of(table) || place.key != key || !places_count(table)) return false;
  if (!version::pin_if_still_there(table, place.block, place.buffer)) return false;
  held.buffer = place.buffer;

  ItemPointerData pointer;
  ItemPointerSet(&pointer, place.block, place.offset);
  LockBuffer(held.buffer, BUFFER_LOCK_SHARE);
  const bool visible =
      heap_hot_search_buffer(&pointer, table, held.buffer, GetActiveSnapshot(), &held.tuple, nullptr, true);
  // The pin alone keeps the row where it is.
  LockBuffer(held.buffer, BUFFER_LOCK_UNLOCK);
  if (visible) {
    bool is_null = false;
    const Datum found = heap_getattr(&held.tuple, attribute, RelationGetDescr(table), &is_null);
    if (!is_null &&
        key == (type == INT8OID ? place_key(DatumGetInt64(found)) : place_key(*DatumGetUUIDP(found)))) {
      return true;
    }
  }
  ReleaseBuffer(held.buffer);
  return false;
}

void remember_row(RowPlaces& places, Relation table, const PlaceKey& key, const ItemPointerData& pointer,
                  Buffer buffer) {
  if (!places_count(table) || !BufferIsValid(buffer) || BufferIsLocal(buffer)) return;
  place_of(places, key) = {.key = key,
                           .file = version::file_of(table),
                           .block = ItemPointerGetBlockNumber(&pointer),
                           .buffer = buffer,
                           .offset = ItemPointerGetOffsetNumber(&pointer)};
}

}  // namespace pg
