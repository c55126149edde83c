// The wall between the core and PostgreSQL: every header of the core includes this first.
//
// The core is ordinary C++ (exceptions, destructors, the standard library) that GoogleTest links without a
// server. PostgreSQL leaves functions by longjmp, which runs no destructor, so neither may ever see the
// other: a door includes the core first and postgres.hpp after it, and a core file that reaches for
// postgres.h does not compile.
#pragma once

#ifdef POSTGRES_H
#error "core headers come before postgres.hpp, and no core file includes postgres.h"
#endif
