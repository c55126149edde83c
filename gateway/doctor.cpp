#include "doctor.hpp"

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <iomanip>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "settings.hpp"
#include "synchronous_database.hpp"
#include "version.h"

namespace gateway {
namespace {

// A token that is a minute old is refused by clocks that differ by more than its life; long before that,
// codes that change every 30 seconds are.
constexpr double kSkewWarning = 2, kSkewError = 30;  // seconds
constexpr int kCertificateWarning = 30;              // days

struct Finding {
  std::string check, status, finding, remedy;
};
using Findings = std::vector<Finding>;

std::string text(const Result& result, int row, int column) { return PQgetvalue(result.get(), row, column); }
long number(const Result& result, int column) {
  return std::strtol(PQgetvalue(result.get(), 0, column), nullptr, 10);
}

std::string or_nothing(const char* value) { return value == nullptr ? "" : value; }

// --- The way there
// -------------------------------------------------------------------------------------------

bool is_local(PGconn* connection) {
  const std::string host = or_nothing(PQhost(connection)), address = or_nothing(PQhostaddr(connection));
  return host.starts_with('/') || host.starts_with('@') || address.starts_with("127.") || address == "::1";
}

void examine_database(SynchronousDatabase& database, Findings& findings) {
  PGconn* connection = database.connection();
  const std::string host = or_nothing(PQhost(connection));
  findings.push_back({"database", "ok",
                      "PostgreSQL " + or_nothing(PQparameterStatus(connection, "server_version")) + " at " +
                          host + ", port " + or_nothing(PQport(connection)) + ", database " +
                          or_nothing(PQdb(connection)) + ", as " + or_nothing(PQuser(connection)),
                      ""});
}

void examine_encryption(SynchronousDatabase& database, Findings& findings) {
  PGconn* connection = database.connection();
  if (PQsslInUse(connection) == 0) {
    if (is_local(connection)) {
      findings.push_back({"encryption", "ok", "none, and none is needed on one machine", ""});
    } else {
      findings.push_back({"encryption", "warning", "passwords and tokens go to the database in plain text",
                          "sslmode=verify-full&sslrootcert=/path/ca.crt in SQLALCHEMY_DATABASE_URL"});
    }
    return;
  }
  const std::string protocol = or_nothing(PQsslAttribute(connection, "protocol"));
  const auto* ssl = static_cast<SSL*>(PQgetssl(connection));
  const bool is_verified = (SSL_get_verify_mode(ssl) & SSL_VERIFY_PEER) != 0;
  if (is_verified || is_local(connection)) {
    findings.push_back(
        {"encryption", "ok",
         protocol + (is_verified ? ", the server's certificate is verified" : ", on one machine"), ""});
  } else {
    findings.push_back({"encryption", "warning", protocol + ", but anybody could pose as the server",
                        "sslmode=verify-full&sslrootcert=/path/ca.crt in SQLALCHEMY_DATABASE_URL"});
  }
}

std::string common_name(const X509* certificate) {
  std::array<char, 256> name{};
  const int length = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName,
                                               name.data(), static_cast<int>(name.size()));
  return length < 0 ? "without a name" : std::string(name.data(), static_cast<std::size_t>(length));
}

void examine_certificate(const X509* certificate, const std::string& whose, const std::string& remedy,
                         Findings& findings) {
  int days = 0, seconds = 0;
  if (ASN1_TIME_diff(&days, &seconds, nullptr, X509_get0_notAfter(certificate)) != 1) return;
  const std::string name = whose + " (" + common_name(certificate) + ")";
  if (days < 0 || seconds < 0) {
    findings.push_back({"certificates", "error", name + " has expired", remedy});
  } else {
    const bool is_soon = days < kCertificateWarning;
    findings.push_back({"certificates", is_soon ? "warning" : "ok",
                        name + " expires in " + std::to_string(days) + " days", is_soon ? remedy : ""});
  }
}

void examine_certificates(SynchronousDatabase& database, Findings& findings) {
  const auto* ssl = static_cast<SSL*>(PQgetssl(database.connection()));
  if (ssl == nullptr) return;
  const std::unique_ptr<X509, decltype(&X509_free)> server(SSL_get1_peer_certificate(ssl), X509_free);
  if (server) {
    examine_certificate(server.get(), "the database's certificate",
                        "renew ssl_cert_file on the database's machine, then SELECT pg_reload_conf();",
                        findings);
  }
  const STACK_OF(X509)* chain = SSL_get0_verified_chain(ssl);
  for (int index = 1; chain != nullptr && index < sk_X509_num(chain); ++index) {
    examine_certificate(sk_X509_value(chain, index), "the authority's certificate",
                        "renew it there and in sslrootcert here, then the certificates that it issued",
                        findings);
  }
  if (const X509* client = SSL_get_certificate(ssl)) {
    examine_certificate(client, "the gateway's own certificate",
                        "renew sslcert here, then restart the gateway", findings);
  }
}

void examine_clock(SynchronousDatabase& database, Findings& findings) {
  using Seconds = std::chrono::duration<double>;
  const auto now = [] {
    return std::chrono::duration_cast<Seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  };
  const double before = now();
  const Result result = database.query("SELECT pg_catalog.date_part('epoch', pg_catalog.clock_timestamp())");
  const double after = now();
  const double theirs = std::strtod(PQgetvalue(result.get(), 0, 0), nullptr);
  // Whatever the answer took is no difference of the clocks.
  const double skew = theirs < before ? before - theirs : std::max(0.0, theirs - after);
  std::ostringstream finding;
  finding << std::fixed << std::setprecision(1) << "this clock and the database's differ by " << skew << " s";
  if (skew < kSkewWarning) {
    findings.push_back({"clock", "ok", finding.str(), ""});
  } else {
    findings.push_back({"clock", skew < kSkewError ? "warning" : "error", finding.str(),
                        "keep both by NTP: timedatectl set-ntp true, on the machine that is wrong"});
  }
}

// --- What a gateway needs of the database
// --------------------------------------------------------------------

void examine_pool(SynchronousDatabase& database, const Settings& settings, Findings& findings) {
  const Result result = database.query(
      "SELECT pg_catalog.current_setting('max_connections')::integer - reserved, reserved"
      "  FROM pg_catalog.current_setting('superuser_reserved_connections') AS s (text),"
      "       LATERAL (SELECT text::integer) AS r (reserved)");
  const long allowed = number(result, 0);
  const int at_rest = settings.workers * settings.pool_size;
  const int at_most = settings.allowed_database_connections();
  const std::string finding = "this gateway has " + std::to_string(at_rest) + " connections at rest and " +
                              std::to_string(at_most) + " at most; the server takes " +
                              std::to_string(allowed);
  if (at_most <= allowed) {
    findings.push_back({"pool", "ok", finding, ""});
    return;
  }
  findings.push_back(
      {"pool", at_rest <= allowed ? "warning" : "error", finding,
       "ALTER SYSTEM SET max_connections = " + std::to_string(at_most + number(result, 1)) +
           ";  -- and a restart; or a smaller DB_POOL_SIZE, DB_MAX_OVERFLOW or GATEWAY_WORKERS"});
}

// False: there is nothing more to look at.
bool examine_extension(SynchronousDatabase& database, Findings& findings) {
  const Result result =
      database.query("SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'auth_api'");
  if (PQntuples(result.get()) == 0) {
    findings.push_back(
        {"extension", "error", "auth_api is not installed in this database", "auth-gateway migrate upgrade"});
    return false;
  }
  const std::string version = text(result, 0, 0);
  if (version == AUTH_API_VERSION) {
    findings.push_back({"extension", "ok", "auth_api " + version + ", like this gateway", ""});
  } else {
    findings.push_back({"extension", "warning",
                        "auth_api is " + version + " in the database, this gateway is " AUTH_API_VERSION,
                        "auth-gateway migrate upgrade"});
  }
  return true;
}

void examine_role(SynchronousDatabase& database, Findings& findings) {
  const Result result = database.query(
      "SELECT r.rolsuper, pg_catalog.pg_has_role(r.oid, 'auth_gateway', 'USAGE'),"
      "       pg_catalog.quote_ident(r.rolname)"
      "  FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user");
  const std::string role = text(result, 0, 2);
  if (text(result, 0, 0) == "t") {
    findings.push_back(
        {"role", "error", "the gateway logs in as " + role + ", a superuser",
         "CREATE USER auth_user PASSWORD '…'; GRANT auth_gateway TO auth_user;  -- and use that"});
  } else if (text(result, 0, 1) != "t") {
    findings.push_back({"role", "error", role + " does not hold auth_gateway",
                        "GRANT auth_gateway TO " + role + ";  -- as superuser"});
  } else {
    findings.push_back({"role", "ok", role + " holds auth_gateway and is no superuser", ""});
  }
}

void examine_from_inside(SynchronousDatabase& database, Findings& findings) {
  const Result found = database.query(
      "SELECT pg_catalog.has_function_privilege(p.oid, 'EXECUTE')"
      "       AND pg_catalog.has_schema_privilege(n.oid, 'USAGE'), pg_catalog.quote_ident(current_user)"
      "  FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace"
      " WHERE n.nspname = 'auth' AND p.proname = 'doctor' AND p.pronargs = 0");
  if (PQntuples(found.get()) == 0) {
    findings.push_back({"inside", "skipped", "this version of auth_api has no auth.doctor()",
                        "auth-gateway migrate upgrade"});
    return;
  }
  if (text(found, 0, 0) != "t") {
    findings.push_back(
        {"inside", "skipped", text(found, 0, 1) + " may not run auth.doctor()",
         "SELECT * FROM auth.doctor();  -- as superuser, pg_monitor or the extension's owner"});
    return;
  }
  const Result result = database.query("SELECT check_name, status, finding, remedy FROM auth.doctor()");
  for (int row = 0; row < PQntuples(result.get()); ++row) {
    findings.push_back(
        {text(result, row, 0), text(result, row, 1), text(result, row, 2), text(result, row, 3)});
  }
}

void print(const Findings& findings) {
  std::size_t width = 0;
  for (const Finding& finding : findings) width = std::max(width, finding.check.size());
  for (const Finding& finding : findings) {
    std::cout << std::left << std::setw(9) << finding.status << std::setw(static_cast<int>(width) + 2)
              << finding.check << finding.finding << '\n';
    if (!finding.remedy.empty()) std::cout << std::string(9, ' ') << "→ " << finding.remedy << '\n';
  }
}

}  // namespace

int examine(const Settings& settings) {
  Findings findings;
  const int code = run_for_operator(settings.database_url, [&](SynchronousDatabase& database) {
    examine_database(database, findings);
    examine_encryption(database, findings);
    examine_certificates(database, findings);
    examine_clock(database, findings);
    examine_pool(database, settings, findings);
    if (!examine_extension(database, findings)) return;
    examine_role(database, findings);
    examine_from_inside(database, findings);
  });
  print(findings);
  const bool is_ill = std::any_of(findings.begin(), findings.end(),
                                  [](const Finding& finding) { return finding.status == "error"; });
  return is_ill ? 1 : code;
}

}  // namespace gateway
