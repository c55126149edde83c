// What happens when a server process loads the library. No threads, no files, no random numbers: with
// shared_preload_libraries this runs in the postmaster, before it forks.
#include "key_file_setting.hpp"
#include "postgres.hpp"
#include "transaction_identity.hpp"

extern "C" {

PG_MODULE_MAGIC;

// NOLINTNEXTLINE(cert-dcl37-c,cert-dcl51-cpp,bugprone-reserved-identifier): PostgreSQL calls it by this name
PGDLLEXPORT void _PG_init(void);

void _PG_init(void) {
  auth::define_key_file_setting();
  auth::watch_transactions();
  MarkGUCPrefixReserved("auth_api");
}

}  // extern "C"
