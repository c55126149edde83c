// `auth-gateway migrate …`: the extension's version in the database, over CREATE, ALTER and the catalog.
//
// PostgreSQL itself keeps the update scripts and runs each in one transaction, so there is no migration table
// of ours: "head" is the version that the server's control file names, "-1" the one before the present one.
// All functions connect synchronously, print what they did on standard output and what went wrong, with what
// to do about it, on standard error. They return the process's exit code: 0 done, 1 not.
#pragma once

#include <chrono>
#include <string>

namespace gateway {

// Returns once the server accepts connections, or `patience` is over: whoever connects then says what is
// wrong.
void wait_for_server(const std::string& database_url, std::chrono::duration<double> patience);

// Creates the extension when it is absent, else updates it. `version`: "head" or a version.
int migrate_upgrade(const std::string& database_url, const std::string& version);

// `version`: "-1" (one step back) or an older version.
int migrate_downgrade(const std::string& database_url, const std::string& version);

// Prints the installed version.
int migrate_current(const std::string& database_url);

// Prints the versions that the server has scripts for, oldest first, and marks the installed one.
int migrate_history(const std::string& database_url);

}  // namespace gateway
