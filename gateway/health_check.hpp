// `auth-gateway health`: what a container's or a supervisor's health check runs beside the gateway.
#pragma once

#include <chrono>
#include <string>

namespace gateway {

// Asks the gateway that listens on `address` (a wildcard: on loopback) and `port` of this machine for
// /api/health, and prints what it answers. Returns 0 when that is 200 within `patience`, else 1.
int check_health(const std::string& address, std::uint16_t port, std::chrono::milliseconds patience);

}  // namespace gateway
