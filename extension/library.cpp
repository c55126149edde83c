// Door: the version that this library was built as.
#include "version.h"

#include "values.hpp"

SQL_FUNCTION(library_version) { return pg::text(AUTH_API_VERSION); }
