#include "spi.hpp"

#include "index_scan.hpp"

namespace pg {
namespace {

void prepare(Query& query, int parameter_count, Oid schema) {
  if (query.plan != nullptr && query.schema == schema) return;
  char* text = pstrdup(query.text);
  char* const quoted_schema = pstrdup(quote_identifier(get_namespace_name(schema)));
  for (char* place = std::strstr(text, "@extschema@"); place != nullptr;
       place = std::strstr(text, "@extschema@")) {
    *place = '\0';
    text = psprintf("%s%s%s", text, quoted_schema, place + std::strlen("@extschema@"));
  }
  const SPIPlanPtr plan = SPI_prepare(text, parameter_count, query.parameter_types);
  if (plan == nullptr) elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
  SPI_keepplan(plan);
  if (query.plan != nullptr) SPI_freeplan(query.plan);
  query.plan = plan;
  query.schema = schema;
}

}  // namespace

std::uint64_t execute(Query& query, std::initializer_list<NullableDatum> parameters,
                      std::span<NullableDatum> first_row) {
  const int parameter_count = static_cast<int>(parameters.size());
  Datum values[Query::kMostParameters];
  char nulls[Query::kMostParameters];
  std::size_t filled = 0;
  for (const NullableDatum& parameter : parameters) {
    values[filled] = parameter.value;
    nulls[filled++] = parameter.isnull ? 'n' : ' ';
  }

  // One guarded call from connect to finish: if anything fails between them, the transaction's abort closes
  // SPI.
  return call([&]() -> std::uint64_t {
    SPI_connect();
    prepare(query, parameter_count, extension_schema());
    const int result = SPI_execute_plan(query.plan, values, nulls, false, 0);
    if (result < 0) elog(ERROR, "SPI_execute_plan failed: %s", SPI_result_code_string(result));
    const std::uint64_t rows = SPI_processed;
    if (rows > 0 && !first_row.empty()) {
      const TupleDesc descriptor = SPI_tuptable->tupdesc;
      if (descriptor->natts != static_cast<int>(first_row.size()))
        elog(ERROR, "unexpected number of columns");
      for (int i = 0; i < descriptor->natts; ++i) {
        NullableDatum& column = first_row[static_cast<std::size_t>(i)];
        const Form_pg_attribute attribute = TupleDescAttr(descriptor, i);
        column.value = SPI_getbinval(SPI_tuptable->vals[0], descriptor, i + 1, &column.isnull);
        // Into the caller's memory: SPI's own goes away with SPI_finish.
        if (!column.isnull)
          column.value = SPI_datumTransfer(column.value, attribute->attbyval, attribute->attlen);
      }
    }
    SPI_finish();
    return rows;
  });
}

}  // namespace pg
