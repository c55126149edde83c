// Who the client is: addresses, networks (CIDR), and what X-Forwarded-For is worth.
//
// An IPv4 address is kept as its IPv4-mapped IPv6 form (RFC 4291 section 2.5.5.2), so that one comparison
// serves both families and a v4 client of a dual-stack socket (::ffff:192.0.2.1) is the same client as
// 192.0.2.1.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gateway {

using IpAddress = std::array<std::uint8_t, 16>;

// "192.0.2.1", "2001:db8::1", "[2001:db8::1]"; a zone ("%eth0") or anything else is nullopt. Never throws.
std::optional<IpAddress> parse_address(std::string_view text);

// The usual text: dotted for IPv4 (mapped ones too), RFC 5952 for IPv6.
std::string to_string(const IpAddress& address);

// A block of addresses in CIDR notation (RFC 4632, RFC 4291 section 2.3).
struct Network {
  IpAddress address{};
  int prefix_length = 128;  // of the mapped form: an IPv4 /8 is 104

  // "10.0.0.0/8", "2001:db8::/32", or a single address. nullopt when it is neither.
  static std::optional<Network> parse(std::string_view text);
  bool contains(const IpAddress& candidate) const;
};

// The address that a request counts for: `peer`, unless `peer` is a trusted proxy; then the right-most entry
// of `forwarded_for` (X-Forwarded-For, several fields joined by commas in the order sent) that is no trusted
// proxy. A malformed entry ends the walk: what stands left of it was not written by a proxy we trust.
IpAddress client_address(const IpAddress& peer, std::string_view forwarded_for,
                         const std::vector<Network>& trusted);

}  // namespace gateway
