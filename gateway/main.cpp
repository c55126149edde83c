// The command line of auth-gateway. Everything else is configured by environment (settings.hpp).
#include <CLI/CLI.hpp>
#include <chrono>
#include <iostream>
#include <optional>
#include <string>

#include "administration.hpp"
#include "doctor.hpp"
#include "health_check.hpp"
#include "migrate.hpp"
#include "server.hpp"
#include "settings.hpp"
#include "version.h"

namespace {

int run(int argument_count, char** arguments) {
  CLI::App program(
      "Auth API's HTTP gateway: one function call in PostgreSQL for each request.\n"
      "Configured by environment variables; see docs/gateway.md.");
  program.set_version_flag("--version", std::string("auth-gateway ") + AUTH_API_VERSION);
  program.require_subcommand(1);

  std::optional<std::string> root_path;
  std::optional<std::uint16_t> port;
  CLI::App* serve = program.add_subcommand("serve", "Answer HTTP requests until SIGTERM");
  serve->add_option("--root-path", root_path,
                    "Serve the same routes below this prefix too, such as /auth-api");
  serve->add_option("--port", port, "Instead of AUTH_API_PORT")->check(CLI::Range(1, 65535));

  CLI::App* health = program.add_subcommand(
      "health", "Ask the gateway of this machine for its health; fails unless it is healthy");
  health->add_option("--port", port, "Instead of AUTH_API_PORT")->check(CLI::Range(1, 65535));

  CLI::App* migrate = program.add_subcommand("migrate", "The extension's version in the database");
  migrate->alias("alembic");
  migrate->require_subcommand(1);
  std::string newer = "head";
  std::string older;
  CLI::App* upgrade = migrate->add_subcommand("upgrade", "Create the extension, or update it");
  upgrade->add_option("revision", newer, "A version, or head: the newest that the server has")
      ->capture_default_str();
  double patience = 0;
  upgrade->add_option("--wait", patience, "Seconds to wait for a server that does not accept connections yet")
      ->check(CLI::Range(0.0, 3600.0));
  CLI::App* downgrade = migrate->add_subcommand("downgrade", "Take the extension back to an older version");
  downgrade->add_option("revision", older, "A version, or -1: the one before")->required();
  CLI::App* current = migrate->add_subcommand("current", "Show the installed version");
  CLI::App* history = migrate->add_subcommand("history", "Show the versions that the server has");

  std::string email;
  std::string full_name;
  CLI::App* superuser = program.add_subcommand(
      "create-superuser",
      "Register a superuser; the password comes from SUPERUSER_PASSWORD(_FILE) or standard input");
  superuser->add_option("--email", email)->required();
  superuser->add_option("--full-name", full_name);

  CLI::App* routes = program.add_subcommand("routes", "Print the route table");
  CLI::App* doctor = program.add_subcommand(
      "doctor", "Say what is wrong with gateway and database, and what to do about it");
  CLI11_PARSE(program, argument_count, arguments);

  if (health->parsed()) {
    gateway::Settings listening;
    gateway::read_listening_address(listening);
    return gateway::check_health(listening.address, port.value_or(listening.port), std::chrono::seconds(4));
  }
  gateway::Settings settings = gateway::read_settings();
  if (serve->parsed()) {
    if (root_path) settings.root_path = gateway::checked_root_path("--root-path", *root_path);
    if (port) settings.port = *port;
    return gateway::serve(settings);
  }
  if (upgrade->parsed()) {
    gateway::wait_for_server(settings.database_url, std::chrono::duration<double>(patience));
    return gateway::migrate_upgrade(settings.database_url, newer);
  }
  if (downgrade->parsed()) return gateway::migrate_downgrade(settings.database_url, older);
  if (current->parsed()) return gateway::migrate_current(settings.database_url);
  if (history->parsed()) return gateway::migrate_history(settings.database_url);
  if (superuser->parsed()) return gateway::create_superuser(settings.database_url, email, full_name);
  if (routes->parsed()) return gateway::print_routes(settings.database_url);
  if (doctor->parsed()) return gateway::examine(settings);
  return 1;
}

}  // namespace

int main(int argument_count, char** arguments) {
  try {
    return run(argument_count, arguments);
  } catch (const std::exception& error) {
    std::cerr << "auth-gateway: " << error.what() << '\n';
    return 1;
  }
}
