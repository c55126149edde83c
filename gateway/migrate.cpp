#include "migrate.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <iostream>
#include <optional>
#include <string_view>
#include <thread>
#include <vector>

#include "synchronous_database.hpp"

namespace gateway {
namespace {

constexpr std::string_view kNotInstalled = "The extension auth_api is not installed in this database.";

std::optional<std::string> installed_version(SynchronousDatabase& database) {
  const Result result =
      database.query("SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'auth_api'");
  if (PQntuples(result.get()) == 0) return std::nullopt;
  return PQgetvalue(result.get(), 0, 0);
}

// What the server's control file calls the default version. Unknown where the extension's files lie outside
// the system's own directories (extension_destdir): PostgreSQL finds them there, its view does not.
std::optional<std::string> default_version(SynchronousDatabase& database) {
  const Result result = database.query(
      "SELECT default_version FROM pg_catalog.pg_available_extensions WHERE name = 'auth_api'");
  if (PQntuples(result.get()) == 0) return std::nullopt;
  return PQgetvalue(result.get(), 0, 0);
}

// "1.10" comes after "1.9".
bool precedes(const std::string& left, const std::string& right) {
  return strverscmp(left.c_str(), right.c_str()) < 0;
}

std::vector<std::string> available_versions(SynchronousDatabase& database) {
  const Result result = database.query(
      "SELECT version FROM pg_catalog.pg_available_extension_versions WHERE name = 'auth_api'"
      " UNION SELECT source FROM pg_catalog.pg_extension_update_paths('auth_api')"
      " UNION SELECT target FROM pg_catalog.pg_extension_update_paths('auth_api')"
      " UNION SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'auth_api'");
  const int count = PQntuples(result.get());
  std::vector<std::string> versions(static_cast<std::size_t>(count));
  for (int row = 0; row < count; ++row) {
    versions[static_cast<std::size_t>(row)] = PQgetvalue(result.get(), row, 0);
  }
  std::sort(versions.begin(), versions.end(), precedes);
  return versions;
}

bool has_update_path(SynchronousDatabase& database, const std::string& source, const std::string& target) {
  const Result result = database.query(
      "SELECT FROM pg_catalog.pg_extension_update_paths('auth_api')"
      " WHERE source = $1 AND target = $2 AND path IS NOT NULL",
      {source, target});
  return PQntuples(result.get()) > 0;
}

std::string list(const std::vector<std::string>& versions) {
  std::string text;
  for (const std::string& version : versions) text.append(text.empty() ? "" : ", ").append(version);
  return text;
}

// Several at once (a Job, an init container a pod) go one after the other, and see what the one before did.
void begin_alone(SynchronousDatabase& database) {
  database.query("BEGIN");
  database.query("SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('auth_api migrate'))");
}

void update_to(SynchronousDatabase& database, const std::string& source, const std::string& target) {
  if (!has_update_path(database, source, target)) {
    throw OperatorError(
        "The server has no script that leads from version " + source + " to " + target +
        ".\nIt knows these versions: " + list(available_versions(database)) +
        ".\nInstall the extension's newer files on the server's machine, or choose another version.");
  }
  database.query("ALTER EXTENSION auth_api UPDATE TO " + database.quote_identifier(target));
  database.query("COMMIT");
  std::cout << "auth_api updated from " << source << " to " << target << '\n';
}

void create(SynchronousDatabase& database, const std::string& version) {
  database.query("CREATE EXTENSION auth_api" +
                 (version == "head" ? "" : " VERSION " + database.quote_identifier(version)));
  const std::string created = installed_version(database).value_or("");
  database.query("COMMIT");
  std::cout << "auth_api " << created << " created\n";
}

// To whatever the control file says, known only afterwards, and never backwards.
void update_to_head(SynchronousDatabase& database, const std::string& installed) {
  database.query("ALTER EXTENSION auth_api UPDATE");
  const std::string head = installed_version(database).value_or("");
  if (precedes(head, installed)) {  // closing the connection rolls back
    throw OperatorError(
        "The server's files are of version " + head + ", older than the installed " + installed +
        ".\nInstall the extension's newer files, or go back: auth-gateway migrate downgrade " + head);
  }
  database.query("COMMIT");
  std::cout << "auth_api "
            << (head == installed ? "is at " + head + " already"
                                  : "updated from " + installed + " to " + head)
            << '\n';
}

}  // namespace

void wait_for_server(const std::string& database_url, std::chrono::duration<double> patience) {
  using Clock = std::chrono::steady_clock;
  const std::array keywords{"connect_timeout", "dbname", static_cast<const char*>(nullptr)};
  const std::array values{"2", database_url.c_str(), static_cast<const char*>(nullptr)};
  const auto deadline = Clock::now() + patience;
  while (Clock::now() < deadline) {
    const PGPing state = PQpingParams(keywords.data(), values.data(), 1);
    if (state == PQPING_OK || state == PQPING_NO_ATTEMPT) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
}

int migrate_upgrade(const std::string& database_url, const std::string& version) {
  return run_for_operator(database_url, [&version](SynchronousDatabase& database) {
    begin_alone(database);
    const auto installed = installed_version(database);
    if (!installed) {
      create(database, version);
    } else if (version == "head") {
      update_to_head(database, *installed);
    } else if (*installed == version) {
      std::cout << "auth_api is at " << version << " already\n";
    } else if (precedes(version, *installed)) {
      throw OperatorError("Version " + version + " is older than the installed " + *installed +
                          ".\nTo go back: auth-gateway migrate downgrade " + version);
    } else {
      update_to(database, *installed, version);
    }
  });
}

int migrate_downgrade(const std::string& database_url, const std::string& version) {
  return run_for_operator(database_url, [&version](SynchronousDatabase& database) {
    begin_alone(database);
    const auto installed = installed_version(database);
    if (!installed) throw OperatorError(kNotInstalled);
    std::string target = version;
    if (version == "-1") {
      std::vector<std::string> older = available_versions(database);
      std::erase_if(older, [&](const std::string& candidate) {
        return !precedes(candidate, *installed) || !has_update_path(database, *installed, candidate);
      });
      if (older.empty()) {
        throw OperatorError("There is no version before " + *installed +
                            " that the server has a script for.\n"
                            "To remove the extension with all its users: DROP EXTENSION auth_api");
      }
      target = older.back();
    }
    if (!precedes(target, *installed)) {
      throw OperatorError("Version " + target + " is not older than the installed " + *installed +
                          ".\nTo go forward: auth-gateway migrate upgrade " + target);
    }
    update_to(database, *installed, target);
  });
}

int migrate_current(const std::string& database_url) {
  return run_for_operator(database_url, [](SynchronousDatabase& database) {
    const auto installed = installed_version(database);
    if (!installed) {
      throw OperatorError(std::string(kNotInstalled) + "\nTo create it: auth-gateway migrate upgrade");
    }
    const auto head = default_version(database);
    std::cout << *installed << (*installed == head ? " (head)" : "") << '\n';
  });
}

int migrate_history(const std::string& database_url) {
  return run_for_operator(database_url, [](SynchronousDatabase& database) {
    const auto head = default_version(database);
    const auto installed = installed_version(database);
    for (const std::string& version : available_versions(database)) {
      std::cout << version << (version == head ? " (head)" : "")
                << (installed && version == *installed ? " (installed)" : "") << '\n';
    }
  });
}

}  // namespace gateway
