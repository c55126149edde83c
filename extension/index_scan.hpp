// Reading one row by primary key without the SQL executor: about 1.5 µs instead of 15.
//
// Columns are found by name at first use and remembered by the server process until PostgreSQL announces that
// the table has changed, so a dropped and re-created extension, or a table with a column more, needs no new
// connection.
//
// WHAT A DIRECT SCAN DOES NOT DO: it checks no privilege and no row-level-security policy. That is why it
// exists (a caller of auth.authenticate may read no table), so nothing that is read here may reach the caller
// unasked. It does read under the active snapshot, exactly as a query at its place would.
#pragma once

#include "values.hpp"

namespace pg {

enum class Schema { kAuth, kExtension };  // schema auth, or the one that CREATE EXTENSION was given

// A column that we read, and the type without which we would misread it.
struct Column {
  const char* name;
  Oid type;
};

// A table and what this server process knows of it. Make it `constinit static`; list the columns in the order
// of an enum that names them.
struct IndexedTable {
  static constexpr std::size_t kMostColumns = 20;

  Schema schema;
  const char* name;
  Column columns[kMostColumns];

  bool resolved = false;
  Oid table_id = InvalidOid;
  Oid index_id = InvalidOid;
  AttrNumber attributes[kMostColumns] = {};
  IndexedTable* next = nullptr;  // the list of tables that the invalidation callback walks
};

// The row found, inside the reader only.
class Row {
 public:
  Row(const IndexedTable& table, TupleTableSlot* slot) : table_(table), slot_(slot) {}

  // Column `number` of the table's list.
  NullableDatum operator[](int number) const {
    NullableDatum column;
    column.value = slot_getattr(slot_, table_.attributes[number], &column.isnull);
    return column;
  }

 private:
  const IndexedTable& table_;
  TupleTableSlot* slot_;
};

struct OpenTable {
  Relation table;
  Relation index;
};

// Opens a table and its primary key with the lock of a reader. Raises an error of PostgreSQL's if the table,
// a column or the key is not as described: call it inside pg::call.
OpenTable open_table(IndexedTable& table);

// The schema that CREATE EXTENSION auth_api was given. Raises an error of PostgreSQL's: call it inside
// pg::call.
Oid extension_schema();

// Finds the row whose primary key, one column, equals `key` by `equality` (a btree equality function), and
// lets `read` copy plain values out of it. Runs under pg::call as a whole, `read` included: nothing in it may
// have a destructor. Returns whether there was a row.
template <class Reader>
bool find_by_primary_key(IndexedTable& description, Datum key, RegProcedure equality, Reader&& read) {
  return call([&] {
    if (!ActiveSnapshotSet()) elog(ERROR, "no snapshot is active");
    const OpenTable open = open_table(description);
    ScanKeyData condition;
    ScanKeyEntryInitialize(&condition, 0, 1, BTEqualStrategyNumber, InvalidOid,
                           open.index->rd_indcollation[0], equality, key);
    const IndexScanDesc scan = version::begin_index_scan(open.table, open.index, GetActiveSnapshot());
    index_rescan(scan, &condition, 1, nullptr, 0);
    TupleTableSlot* const slot = table_slot_create(open.table, nullptr);
    const bool found = index_getnext_slot(scan, ForwardScanDirection, slot);
    if (found) read(Row(description, slot));
    ExecDropSingleTupleTableSlot(slot);
    index_endscan(scan);
    // The locks stay until the transaction ends, as those of a query do.
    index_close(open.index, NoLock);
    table_close(open.table, NoLock);
    return found;
  });
}

}  // namespace pg
