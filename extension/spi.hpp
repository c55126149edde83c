// SQL from C++ (PostgreSQL's server programming interface), with typed parameters and a plan that is kept.
#pragma once

#include "values.hpp"

namespace pg {

// A statement. Make it `constinit static`. `@extschema@` in its text stands for the extension's schema; every
// other name must be qualified, because it runs under whatever search_path its SQL function pins.
struct Query {
  static constexpr std::size_t kMostParameters = 8;

  const char* text;
  Oid parameter_types[kMostParameters] = {};

  SPIPlanPtr plan = nullptr;
  Oid schema = InvalidOid;  // that the plan was made for
};

// Runs the statement, with the rights of the current user and a snapshot of its own. Copies the first row's
// columns into `first_row`, whose size must be the statement's number of columns (or none), and returns the
// number of rows returned or changed.
std::uint64_t execute(Query& query, std::initializer_list<NullableDatum> parameters,
                      std::span<NullableDatum> first_row = {});

}  // namespace pg
