// PostgreSQL's headers for C++, and everything that differs between its server versions.
//
// Include this last: PostgreSQL defines macros (printf, Min, ERROR, _) that break the standard headers and
// the core.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <initializer_list>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

extern "C" {
#include "postgres.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/nbtree.h"
#include "access/relscan.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/pathnodes.h"
#include "nodes/supportnodes.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "storage/buf_internals.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"
}

// PostgreSQL's own printf family, which standard C++ does not expect.
#undef printf
#undef fprintf
#undef sprintf
#undef snprintf
#undef vprintf
#undef vfprintf
#undef vsprintf
#undef vsnprintf
#undef strerror
#undef strerror_r

#if PG_VERSION_NUM < 150000
#error "Auth API needs PostgreSQL 15 or later"
#endif

namespace pg::version {

// The OID of a table's primary key index, or InvalidOid.
inline Oid primary_key_index(Relation table) {
#if PG_VERSION_NUM >= 180000
  return RelationGetPrimaryKeyIndex(table, false);
#else
  return RelationGetPrimaryKeyIndex(table);
#endif
}

inline IndexScanDesc begin_index_scan(Relation table, Relation index, Snapshot snapshot, int keys) {
#if PG_VERSION_NUM >= 180000
  return index_beginscan(table, index, snapshot, nullptr, keys, 0);
#else
  return index_beginscan(table, index, snapshot, keys, 0);
#endif
}

// The number of the file that holds a table's rows now.
inline Oid file_of(Relation table) {
#if PG_VERSION_NUM >= 160000
  return table->rd_locator.relNumber;
#else
  return table->rd_node.relNode;
#endif
}

// Pins `buffer` if it still holds that block of the table.
inline bool pin_if_still_there(Relation table, BlockNumber block, Buffer buffer) {
#if PG_VERSION_NUM >= 160000
  return ReadRecentBuffer(table->rd_locator, MAIN_FORKNUM, block, buffer);
#else
  return ReadRecentBuffer(table->rd_node, MAIN_FORKNUM, block, buffer);
#endif
}

// Where the server keeps what it knows of a buffer.
inline const void* descriptor_of(Buffer buffer) {
  return GetBufferDescriptor(static_cast<std::uint32_t>(buffer - 1));
}

// The leaf of a B-tree where the entries of `key`, a value of its first column, begin: pinned and locked for
// reading. Invalid if the index is empty.
inline Buffer descend(Relation index, Datum key) {
  BTScanInsertData search{};
  _bt_metaversion(index, &search.heapkeyspace, &search.allequalimage);
  search.keysz = 1;
  ScanKeyEntryInitializeWithInfo(&search.scankeys[0], 0, 1, InvalidStrategy, InvalidOid,
                                 index->rd_indcollation[0], index_getprocinfo(index, 1, BTORDER_PROC), key);
  Buffer leaf = InvalidBuffer;
#if PG_VERSION_NUM >= 170000
  const BTStack stack = _bt_search(index, nullptr, &search, &leaf, BT_READ);
#elif PG_VERSION_NUM >= 160000
  const BTStack stack = _bt_search(index, nullptr, &search, &leaf, BT_READ, GetActiveSnapshot());
#else
  const BTStack stack = _bt_search(index, &search, &leaf, BT_READ, GetActiveSnapshot());
#endif
  if (stack != nullptr) _bt_freestack(stack);
  return leaf;
}

// Whether the current user may execute a function.
inline bool may_execute(Oid function) {
#if PG_VERSION_NUM >= 160000
  return object_aclcheck(ProcedureRelationId, function, GetUserId(), ACL_EXECUTE) == ACLCHECK_OK;
#else
  return pg_proc_aclcheck(function, GetUserId(), ACL_EXECUTE) == ACLCHECK_OK;
#endif
}

}  // namespace pg::version
