#include "administration.hpp"

#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <iomanip>
#include <iostream>
#include <optional>

#include "route_store.hpp"
#include "settings.hpp"
#include "synchronous_database.hpp"

namespace gateway {
namespace {

// Keeps a terminal from showing what is typed, for as long as it lives.
class NoEcho {
 public:
  NoEcho() : is_terminal_(isatty(STDIN_FILENO) == 1 && tcgetattr(STDIN_FILENO, &before_) == 0) {
    if (!is_terminal_) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  ~NoEcho() {
    if (!is_terminal_) return;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
    std::cerr << '\n';
  }
  NoEcho(const NoEcho&) = delete;
  NoEcho& operator=(const NoEcho&) = delete;

  bool is_terminal() const { return is_terminal_; }

 private:
  termios before_{};
  bool is_terminal_;
};

std::string read_password() {
  if (auto password = read_secret("SUPERUSER_PASSWORD")) return *password;
  const NoEcho no_echo;
  if (no_echo.is_terminal()) std::cerr << "Password: " << std::flush;
  std::string password;
  if (!std::getline(std::cin, password) || password.empty()) {
    throw OperatorError(
        "No password. Set SUPERUSER_PASSWORD or SUPERUSER_PASSWORD_FILE, or write it to standard input.");
  }
  return password;
}

void print_table(const std::vector<std::array<std::string, 5>>& rows) {
  std::array<std::size_t, 5> widths{};
  for (const auto& row : rows) {
    for (std::size_t column = 0; column < row.size(); ++column) {
      widths[column] = std::max(widths[column], row[column].size());
    }
  }
  for (const auto& row : rows) {
    for (std::size_t column = 0; column + 1 < row.size(); ++column) {
      std::cout << std::left << std::setw(static_cast<int>(widths[column]) + 2) << row[column];
    }
    std::cout << row.back() << '\n';
  }
}

std::string_view name_of(LaneName lane) {
  if (lane == LaneName::read) return "read";
  return lane == LaneName::call ? "call" : "hash";
}

}  // namespace

int create_superuser(const std::string& database_url, const std::string& email,
                     const std::string& full_name) {
  return run_for_operator(database_url, [&](SynchronousDatabase& database) {
    std::vector<std::string> parameters{email, read_password()};
    std::string sql = "SELECT auth.create_superuser(email => $1, password => $2";
    if (!full_name.empty()) {
      sql.append(", full_name => $3");
      parameters.push_back(full_name);
    }
    const Result result = database.query(sql.append(")"), parameters);
    std::cout << PQgetvalue(result.get(), 0, 0) << '\n';
  });
}

int print_routes(const std::string& database_url) {
  return run_for_operator(database_url, [](SynchronousDatabase& database) {
    std::vector<RefusedRoute> refused;
    const RouteTable table(read_route_rows(database.query(kRoutesQuery).get()), refused);
    std::vector<std::array<std::string, 5>> rows{{"METHOD", "PATH", "FUNCTION", "LANE", "STATUS"}};
    for (const Route& route : table.routes()) {
      rows.push_back({route.method, route.pattern, route.function, std::string(name_of(route.lane)),
                      std::to_string(route.success_status)});
    }
    print_table(rows);
    for (const RefusedRoute& row : refused) {
      std::cerr << "left out: " << row.method << ' ' << row.path << " (" << row.function
                << "): " << row.reason << '\n';
    }
  });
}

}  // namespace gateway
