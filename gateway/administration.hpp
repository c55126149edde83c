// `auth-gateway create-superuser` and `auth-gateway routes`: one synchronous call each, for an operator.
//
// Both print their result on standard output, what went wrong on standard error, and return the process's
// exit code: 0 done, 1 not.
#pragma once

#include <string>

namespace gateway {

// Calls auth.create_superuser and prints the new user's id. The password comes from SUPERUSER_PASSWORD, from
// the file that SUPERUSER_PASSWORD_FILE names, or from the first line of standard input (asked for without
// echo on a terminal); never from the command line, where every user of the machine could read it. An empty
// `full_name` is none.
int create_superuser(const std::string& database_url, const std::string& email, const std::string& full_name);

// Prints the route table: method, path, function, lane, success status; and, on standard error, every row
// that `serve` would leave out, with the reason.
int print_routes(const std::string& database_url);

}  // namespace gateway
