#include "connection_advice.hpp"

#include <algorithm>
#include <array>

namespace gateway {
namespace {

struct Advice {
  std::string_view sign;     // in a line of the failure; "28P01: " is an SQLSTATE in libpq's verbose form
  std::string_view meaning;  // {} stands for the first name in double quotes after the sign
};

// The first that fits a line.
constexpr std::array kAdvice{
    Advice{
        "could not translate host name",
        "The name {} is unknown here: check its spelling and this machine's DNS (getent hosts {}). Inside a "
        "container, the machine itself is not localhost but host.docker.internal or the bridge's address."},
    Advice{
        "Connection refused",
        "Nothing listens there: is PostgreSQL running, is the port right, and does listen_addresses include "
        "that address? Inside a container, localhost is the container."},
    Advice{"No such file or directory",
           "There is no such socket or file: is PostgreSQL running on this machine, with that directory in "
           "unix_socket_directories? With sslcert, sslkey or sslrootcert: is the file there?"},
    Advice{
        "no answer from",
        "Something drops the packets, or accepts and never answers: check firewalls and security groups for "
        "that port. connect_timeout in the URL changes how long an address may be silent."},
    Advice{"timed out", "Packets get lost on the way: check firewalls, security groups and the address."},
    Advice{"No route to host", "There is no way to that address: check the network and its firewalls."},
    Advice{"Network is unreachable", "There is no way to that address: check this machine's network."},
    Advice{
        "certificate has expired",
        "The server's certificate has expired: renew it (ssl_cert_file) and SELECT pg_reload_conf() there. "
        "If this machine's clock is wrong, set that."},
    Advice{"certificate is not yet valid",
           "The server's certificate is not valid yet: compare the clocks of the two machines (date -u), or "
           "issue the certificate anew."},
    Advice{
        "certificate verify failed",
        "The server's certificate is of an authority that sslrootcert does not hold: give the certificate of "
        "the one that issued it (RDS, Cloud SQL and Azure publish theirs)."},
    Advice{"does not match host name",
           "The certificate is for another name: connect by the name that it holds (hostaddr may give the "
           "address), or issue it for this one (subjectAltName); sslmode=verify-ca checks no name."},
    Advice{
        "root certificate file",
        "sslmode=verify-ca and verify-full need the authority's certificate: sslrootcert=/path/ca.crt in the "
        "URL."},
    Advice{
        "does not support SSL",
        "The server has no TLS: set ssl = on with ssl_cert_file and ssl_key_file there, or sslmode=disable "
        "where the network is trusted."},
    Advice{"private key file",
           "The client's key (sslkey) must belong to the user that runs this, or root, with mode 0600 or "
           "stricter."},
    Advice{"unknown ca",
           "The server does not trust this client certificate: its ssl_ca_file must hold the authority that "
           "issued sslcert."},
    Advice{"alert", "The server refused the TLS handshake; its log says why."},
    Advice{"valid client certificate",
           "The server wants a client certificate: sslcert=/path/client.crt&sslkey=/path/client.key in the "
           "URL."},
    Advice{"certificate authentication failed",
           "The client certificate's CN must be the role's name (or pg_ident.conf map it)."},
    Advice{
        "28P01: ",
        "The password is not that of role {}: set it (ALTER ROLE {} PASSWORD '…';) or correct the URL, where "
        "special characters are percent-encoded (@ is %40)."},
    Advice{
        "no password supplied",
        "The server wants a password: put it into the URL, PGPASSWORD_FILE, or a passfile of mode 0600 whose "
        "line names this host, port, database and role."},
    Advice{"no pg_hba.conf entry",
           "pg_hba.conf lets nobody in from here as that role: add a line such as `hostssl auth_db auth_user "
           "ADDRESS/32 scram-sha-256` and SELECT pg_reload_conf(). If one is there, it may ask for TLS: "
           "sslmode=require."},
    Advice{"28000: role", "Role {} does not exist: CREATE USER {} WITH PASSWORD '…';"},
    Advice{"28000: ", "The server does not let this role in; its log says more."},
    Advice{"3D000: ", "Database {} does not exist: CREATE DATABASE {}; or correct the URL's last part."},
    Advice{
        "42501: ",
        "The role may not connect to database {}: GRANT CONNECT ON DATABASE {} TO auth_user; (or your role's "
        "name)."},
    Advice{"53300: ",
           "Every connection that the server, database or role allows is taken. A superuser sees by whom: "
           "SELECT "
           "* FROM auth.connections; then lower DB_POOL_SIZE, DB_MAX_OVERFLOW or GATEWAY_WORKERS, or raise "
           "max_connections (needs a restart) or the role's CONNECTION LIMIT."},
    Advice{"57P03: ", "The server is starting, stopping or recovering: this goes on trying."},
    Advice{"57P01: ", "The server is stopping: this goes on trying."},
    Advice{"unsupported startup parameter",
           "A pooler refuses a setting: ignore_startup_parameters = extra_float_digits, options in "
           "pgbouncer.ini."},
    Advice{
        "session is read-only",
        "target_session_attrs asks for a server that can write and this one cannot: is there a primary among "
        "the hosts, and is default_transaction_read_only off?"},
    Advice{"session is not read-only",
           "target_session_attrs asks for a server that only reads; this one writes."},
    Advice{
        "server is in hot standby mode",
        "target_session_attrs asks for a primary and this is a standby: name the primary as well, or promote "
        "this one (SELECT pg_promote())."},
    Advice{"server is not in hot standby mode",
           "target_session_attrs asks for a standby and this is a primary: name a standby, or use "
           "prefer-standby."},
};

// The first "name" of the text, without its quotes; the word itself when there is none.
std::string_view quoted_name(std::string_view text) {
  const auto begin = text.find('"');
  if (begin == std::string_view::npos) return "that name";
  const auto end = text.find('"', begin + 1);
  if (end == std::string_view::npos) return "that name";
  return text.substr(begin + 1, end - begin - 1);
}

std::string advice_for_line(std::string_view line) {
  const auto* found = std::find_if(kAdvice.begin(), kAdvice.end(), [line](const Advice& advice) {
    return line.find(advice.sign) != std::string_view::npos;
  });
  if (found == kAdvice.end()) return {};
  const std::string_view name = quoted_name(line.substr(line.find(found->sign)));
  std::string text;
  std::string_view rest = found->meaning;
  for (auto place = rest.find("{}"); place != std::string_view::npos; place = rest.find("{}")) {
    text.append(rest.substr(0, place)).append(name);
    rest.remove_prefix(place + 2);
  }
  return text.append(rest);
}

}  // namespace

std::string connection_advice(std::string_view failure) {
  std::string all;
  while (!failure.empty()) {
    const auto end = std::min(failure.find('\n'), failure.size());
    const std::string advice = advice_for_line(failure.substr(0, end));
    if (!advice.empty() && all.find(advice) == std::string::npos) {
      if (!all.empty()) all.push_back('\n');
      all.append(advice);
    }
    failure.remove_prefix(std::min(end + 1, failure.size()));
  }
  return all;
}

std::string_view statement_advice(std::string_view sqlstate) {
  if (sqlstate == "42501") {
    return "This role may not. To run a gateway it needs: GRANT auth_gateway TO auth_user; (or your role's "
           "name).\n"
           "To install, it needs CREATE on the database (GRANT CREATE ON DATABASE … TO …), since the "
           "extension "
           "is\ntrusted; changing an installed extension takes the role that created it.";
  }
  if (sqlstate == "58P01") {
    return "The extension's files are missing on the database server's machine: install them there\n"
           "(make install, or the package) and run this again.";
  }
  if (sqlstate == "42883" || sqlstate == "3F000" || sqlstate == "42P01") {
    return "The extension is not installed in this database: auth-gateway migrate upgrade";
  }
  return {};
}

}  // namespace gateway
