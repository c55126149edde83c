// A setting is right, or the start fails with a message that names it and shows no secret.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>

#include "settings.hpp"

namespace gateway {
namespace {

using namespace std::chrono_literals;
using Variables = std::map<std::string, std::string>;

Environment environment(Variables variables) {
  return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

Settings read(Variables variables) {
  variables.try_emplace("SQLALCHEMY_DATABASE_URL", "postgresql://u:secret@h/d");
  return read_settings(environment(std::move(variables)));
}

std::string problem_of(const Variables& variables) {
  try {
    read(variables);
  } catch (const SettingError& error) {
    return error.what();
  }
  return "";
}

// A file that is gone with the test.
class File {
 public:
  explicit File(const std::string& content) {
    std::string pattern = testing::TempDir() + "secret-XXXXXX";
    close(mkstemp(pattern.data()));
    path_ = pattern;
    std::ofstream(path_) << content;
  }
  ~File() { std::remove(path_.c_str()); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST(Settings, HaveTheDocumentedDefaults) {
  const Settings settings = read({});
  EXPECT_EQ(settings.database_url, "postgresql://u:secret@h/d");
  EXPECT_EQ(settings.pool_size, 5);
  EXPECT_EQ(settings.maximum_overflow, 10);
  EXPECT_EQ(settings.pool_timeout, 30s);
  EXPECT_EQ(settings.pool_recycle, 3600s);
  EXPECT_EQ(settings.address, "0.0.0.0");
  EXPECT_EQ(settings.port, 8004);
  EXPECT_EQ(settings.admin_port, 0);
  EXPECT_TRUE(settings.workers >= 1 && settings.workers <= 4);
  EXPECT_TRUE(settings.cors_origins.empty());
  EXPECT_TRUE(settings.trusted_proxies.empty());
  EXPECT_EQ(settings.default_tenant, "default");
  EXPECT_EQ(settings.log_level, LogLevel::info);
  EXPECT_EQ(settings.header_timeout, 10s);
  EXPECT_EQ(settings.body_timeout, 30s);
  EXPECT_EQ(settings.idle_timeout, 75s);
  EXPECT_EQ(settings.shutdown_timeout, 30s);
  EXPECT_EQ(settings.maximum_connections, 10'000U);
}

TEST(Settings, TakeAnEmptyVariableForAnUnsetOne) { EXPECT_EQ(read({{"AUTH_API_PORT", ""}}).port, 8004); }

TEST(Settings, ReadFractionsOfSeconds) {
  EXPECT_EQ(read({{"GATEWAY_HEADER_TIMEOUT", "0.25"}}).header_timeout, 250ms);
}

TEST(Settings, NameWhatIsWrongAndWhatIsAllowed) {
  const std::map<std::string, std::vector<std::string>> wrong = {
      {"AUTH_API_PORT", {"0", "65536", "x", "80 ", "-1", "1e3", "99999999999999999999"}},
      {"DB_POOL_SIZE", {"2", "1000", "5.0"}},
      {"GATEWAY_WORKERS", {"0", "65"}},
      {"GATEWAY_HEADER_TIMEOUT", {"0", "-1", "nan", "inf", "10s", "1e9", "100000"}},
      {"AUTH_API_HOST", {"localhost", "1.2.3", "::1%lo"}},
      {"LOG_LEVEL", {"verbose"}},
      {"TRUSTED_PROXIES", {"10.0.0.0/33", "proxy", "10.0.0.0/", "10.0.0.0/x"}},
      {"CORS_ORIGINS",
       {"app.example", "https://a.example/", "https://a.example/path", "*,https://a.example", "null", "[1]",
        "[\"a\""}},
      {"AUTH_API_ROOT_PATH", {"auth", "/", "/auth/", "//a", "/a?b"}},
  };
  for (const auto& [name, values] : wrong) {
    for (const std::string& value : values) {
      const std::string problem = problem_of({{name, value}});
      EXPECT_EQ(problem.rfind(name + ": ", 0), 0U) << name << "=" << value << " gave: " << problem;
    }
  }
  EXPECT_EQ(problem_of({{"AUTH_API_PORT", "70000"}}),
            "AUTH_API_PORT: '70000' is not a whole number from 1 to 65535");
}

TEST(Settings, ReadListsAsCsvAndAsJson) {
  const std::vector<std::string> expected = {"https://a.example", "http://localhost:3000"};
  EXPECT_EQ(read({{"CORS_ORIGINS", "https://a.example, http://localhost:3000,"}}).cors_origins, expected);
  EXPECT_EQ(read({{"CORS_ORIGINS", R"(["https://a.example","http://localhost:3000"])"}}).cors_origins,
            expected);
  EXPECT_EQ(read({{"CORS_ORIGINS", "*"}}).cors_origins, std::vector<std::string>{"*"});
  EXPECT_EQ(read({{"TRUSTED_PROXIES", "10.0.0.0/8, ::1"}}).trusted_proxies.size(), 2U);
}

TEST(Settings, TurnSqlalchemyUrlsIntoLibpqs) {
  EXPECT_EQ(libpq_url("X", "postgresql+asyncpg://u:p@h:5433/d?ssl=require"),
            "postgresql://u:p@h:5433/d?sslmode=require");
  EXPECT_EQ(libpq_url("X", "postgresql+psycopg2://u@h/d"), "postgresql://u@h/d");
  EXPECT_EQ(libpq_url("X", "postgres://h/d?ssl=true&connect_timeout=3"),
            "postgresql://h/d?sslmode=require&connect_timeout=3");
  EXPECT_EQ(libpq_url("X", "postgresql:///d?host=/run/postgresql"), "postgresql:///d?host=/run/postgresql");
}

TEST(Settings, NeverShowADatabaseUrl) {
  for (const std::string url : {"mysql://u:s3cret@h/d", "u:s3cret@h", "postgresql://u:s3cret@h:port/d",
                                "postgresql://u:s3cret@h/d?nonsense=1",
                                "postgresql://u:s3cret@h/d?ssl=s3cret", "postgresql://u:s3cr%et@h/d"}) {
    const std::string problem = problem_of({{"SQLALCHEMY_DATABASE_URL", url}});
    EXPECT_EQ(problem.rfind("SQLALCHEMY_DATABASE_URL: ", 0), 0U) << url;
    EXPECT_EQ(problem.find("s3cr"), std::string::npos) << problem;
  }
}

TEST(Settings, WantADatabase) {
  EXPECT_THROW(read_settings(environment({})), SettingError);
  EXPECT_EQ(read_settings(environment({{"DATABASE_URL", "postgresql://h/d"}})).database_url,
            "postgresql://h/d");
}

TEST(Settings, ReadASecretFromAFile) {
  const File file("postgresql://h/from-file\n");
  EXPECT_EQ(read_settings(environment({{"DATABASE_URL_FILE", file.path()}})).database_url,
            "postgresql://h/from-file");
}

TEST(Settings, KeepAllOfASecretButItsLineEnd) {
  const File file(" pass word \n");
  EXPECT_EQ(read_secret("PASSWORD", environment({{"PASSWORD_FILE", file.path()}})), " pass word ");
  EXPECT_EQ(read_secret("PASSWORD", environment({})), std::nullopt);
}

TEST(Settings, RefuseASecretThatIsSetTwiceOrCannotBeRead) {
  const File file("x");
  const File empty("");
  EXPECT_THROW(read_secret("P", environment({{"P", "y"}, {"P_FILE", file.path()}})), SettingError);
  EXPECT_THROW(read_secret("P", environment({{"P_FILE", "/nonexistent"}})), SettingError);
  EXPECT_THROW(read_secret("P", environment({{"P_FILE", empty.path()}})), SettingError);
}

}  // namespace
}  // namespace gateway
