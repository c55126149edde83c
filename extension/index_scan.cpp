#include "index_scan.hpp"

namespace pg {
namespace {

constinit IndexedTable* known_tables = nullptr;

extern "C" void forget_changed_table(Datum, Oid changed) noexcept {
  for (IndexedTable* table = known_tables; table != nullptr; table = table->next) {
    // An invalid OID means that everything may have changed.
    if (changed == InvalidOid || table->table_id == changed) table->resolved = false;
  }
}

void watch(IndexedTable& table) {
  for (const IndexedTable* known = known_tables; known != nullptr; known = known->next) {
    if (known == &table) return;
  }
  // Once a process: PostgreSQL cannot take a callback back, and has room for ten.
  if (known_tables == nullptr) CacheRegisterRelcacheCallback(forget_changed_table, Datum{0});
  table.next = known_tables;
  known_tables = &table;
}

// Not through RangeVarGetRelid or LookupExplicitNamespace: those ask whether the caller may use the schema,
// and a caller whose policies call us need not.
Oid find_table(const IndexedTable& table) {
  const Oid schema = table.schema == Schema::kAuth ? get_namespace_oid("auth", false) : extension_schema();
  const Oid id = get_relname_relid(table.name, schema);
  if (!OidIsValid(id)) {
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
                    errmsg("table \"%s\" of auth_api does not exist", table.name)));
  }
  return id;
}

void resolve(IndexedTable& description, Relation table) {
  description.index_id = version::primary_key_index(table);
  if (!OidIsValid(description.index_id)) elog(ERROR, "table \"%s\" has no primary key", description.name);
  for (std::size_t i = 0; i < IndexedTable::kMostColumns && description.columns[i].name != nullptr; ++i) {
    const Column& column = description.columns[i];
    const AttrNumber attribute = get_attnum(description.table_id, column.name);
    if (attribute == InvalidAttrNumber || get_atttype(description.table_id, attribute) != column.type) {
      elog(ERROR, "column \"%s\" of table \"%s\" is missing or of another type", column.name,
           description.name);
    }
    description.attributes[i] = attribute;
  }
}

}  // namespace

Oid extension_schema() {
  Relation catalog = table_open(ExtensionRelationId, AccessShareLock);
  ScanKeyData condition;
  ScanKeyInit(&condition, Anum_pg_extension_extname, BTEqualStrategyNumber, F_NAMEEQ,
              CStringGetDatum("auth_api"));
  SysScanDesc scan = systable_beginscan(catalog, ExtensionNameIndexId, true, nullptr, 1, &condition);
  const HeapTuple tuple = systable_getnext(scan);
  Oid schema = InvalidOid;
  if (HeapTupleIsValid(tuple)) {
    schema = reinterpret_cast<Form_pg_extension>(GETSTRUCT(tuple))->extnamespace;
  }
  systable_endscan(scan);
  table_close(catalog, AccessShareLock);
  if (!OidIsValid(schema)) {
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("extension \"auth_api\" does not exist")));
  }
  return schema;
}

OpenTable open_table(IndexedTable& description) {
  watch(description);
  for (;;) {
    if (!description.resolved) {
      description.table_id = find_table(description);
      // From here on the callback sees this table; what it announces while we wait for the lock is not lost.
      description.resolved = true;
      Relation table = table_open(description.table_id, AccessShareLock);
      resolve(description, table);
      table_close(table, NoLock);
    }
    Relation table = try_table_open(description.table_id, AccessShareLock);
    // Opening processes pending announcements: only under the lock does what we know hold.
    if (table != nullptr && description.resolved) {
      return {table, index_open(description.index_id, AccessShareLock)};
    }
    if (table != nullptr) table_close(table, NoLock);
    description.resolved = false;
  }
}

}  // namespace pg
