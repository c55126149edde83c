// `auth-gateway doctor`: what auth.doctor() finds in the database, and what can only be seen from here: the
// way there, its TLS and certificates, the clocks, the pool's size against the server's.
#pragma once

namespace gateway {

struct Settings;

// Prints a line for each finding, and below it what to do. Returns the process's exit code: 1 when something
// is an error, or when the database cannot be reached.
int examine(const Settings& settings);

}  // namespace gateway
