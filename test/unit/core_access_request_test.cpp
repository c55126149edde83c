// Promises about requests for decisions: what is complete is read, what is not is refused by its place.
#include <gtest/gtest.h>

#include "core/access_request.hpp"

namespace auth {
namespace {

constexpr const char* kId = "11111111-2222-3333-4444-55555555aAbB";

std::string place_of_resource(std::string_view json) {
  try {
    parse_resource(json);
  } catch (const InvalidRequest& error) {
    return error.place();
  }
  return "";
}

std::string place_of_checks(std::string_view json) {
  try {
    parse_checks(R"({"other": [{"user_id": {}}], "checks": )" + std::string(json) + "}", 3);
  } catch (const InvalidRequest& error) {
    return error.place();
  }
  return "";
}

std::string check(const std::string& user_id = "7") {
  return R"({"user_id": )" + user_id + R"(, "action": "view", "resource": {"type": "project", "id": ")" +
         kId + R"("}})";
}

TEST(AccessRequest, ReadsAResourceAndPassesOverWhatItDoesNotKnow) {
  const auto resource =
      parse_resource(std::string(R"({"unknown": {"id": 1, "deep": [{"type": 2}]}, "type": "project",)") +
                     R"("account_id": null, "organization_id": "1111111122223333444455555555AABB",)" +
                     R"("id": ")" + kId + "\"}");
  EXPECT_EQ(resource.type, "project");
  ASSERT_TRUE(resource.id && resource.organization_id);
  EXPECT_EQ(to_string(*resource.id), "11111111-2222-3333-4444-55555555aabb");
  EXPECT_EQ(resource.id, resource.organization_id);
  EXPECT_FALSE(resource.account_id);
}

TEST(AccessRequest, NamesThePlaceOfWhatIsWrongInAResource) {
  EXPECT_EQ(place_of_resource(R"({"id": "11111111-2222-3333-4444-555555555555"})"), "resource.type");
  EXPECT_EQ(place_of_resource(R"({"type": "project"})"), "resource.id");
  EXPECT_EQ(place_of_resource(R"({"type": "project", "id": "x"})"), "resource.id");
  EXPECT_EQ(place_of_resource(R"({"type": "project", "id": 1})"), "resource.id");
  EXPECT_EQ(place_of_resource(R"({"type": {}, "id": 1})"), "resource.type");
  EXPECT_EQ(place_of_resource(R"({"type": ["a"]})"), "resource.type");
  EXPECT_EQ(place_of_resource(R"({"type": "a", "id": "11111111-2222-3333-4444-55555555555555"})"),
            "resource.id");
  EXPECT_EQ(place_of_resource(R"({"type": "a", "id": "1111111122223333444455555555555-"})"), "resource.id");
  for (const char* json : {"1", "\"project\"", "[]", "null", "{", ""})
    EXPECT_EQ(place_of_resource(json), "resource") << json;
}

TEST(AccessRequest, ReadsChecksInTheirOrder) {
  const auto checks = parse_checks(
      R"({"checks": [)" + check("1") + "," + check("18446744073709551615") + "," + check("-3") + "]}", 3);
  ASSERT_EQ(checks.size(), 3U);
  EXPECT_EQ(checks[0].user_id, 1);
  EXPECT_EQ(checks[1].user_id, -1) << "beyond bigint there is no user";
  EXPECT_EQ(checks[2].user_id, -3);
  EXPECT_EQ(checks[2].action, "view");
  EXPECT_EQ(checks[2].resource.type, "project");
  EXPECT_FALSE(checks[2].service);
}

TEST(AccessRequest, NamesThePlaceOfWhatIsWrongInChecks) {
  EXPECT_EQ(place_of_checks("[]"), "checks");
  EXPECT_EQ(place_of_checks("7"), "checks");
  EXPECT_EQ(place_of_checks("[" + check() + R"(], "checks": [])"), "checks") << "two lists";
  for (const char* body : {"", "[]", "7", "{", "null", R"({"checks": [)"}) {
    EXPECT_THROW(parse_checks(body, 3), InvalidRequest) << body;
  }
  EXPECT_THROW(parse_checks("{}", 3), InvalidRequest);
  EXPECT_EQ(place_of_checks("{}"), "checks");
  EXPECT_EQ(place_of_checks("null"), "checks");
  EXPECT_EQ(place_of_checks("[" + check() + "," + check() + "," + check() + "," + check() + "]"), "checks")
      << "too many";
  EXPECT_EQ(place_of_checks("[" + check() + ", 1]"), "checks.1");
  EXPECT_EQ(place_of_checks("[" + check() + ", null]"), "checks.1") << "or the answers would move up";
  EXPECT_EQ(place_of_checks("[" + check() + ", []]"), "checks.1");
  EXPECT_EQ(place_of_checks("[" + check("\"7\"") + "]"), "checks.0.user_id");
  EXPECT_EQ(place_of_checks("[" + check("7.5") + "]"), "checks.0.user_id");
  EXPECT_EQ(place_of_checks("[" + check("{}") + "]"), "checks.0.user_id");
  EXPECT_EQ(place_of_checks(R"([{"action": "a"}])"), "checks.0.user_id");
  EXPECT_EQ(place_of_checks(R"([{"user_id": 1}])"), "checks.0.action");
  EXPECT_EQ(place_of_checks(R"([{"user_id": 1, "action": "a"}])"), "checks.0.resource");
  EXPECT_EQ(place_of_checks(R"([{"user_id": 1, "action": "a", "resource": 5}])"), "checks.0.resource");
  EXPECT_EQ(place_of_checks(R"([{"user_id": 1, "action": "a", "resource": {"id": "x"}}])"),
            "checks.0.resource.id");
  EXPECT_EQ(place_of_checks(R"([{"user_id": 1, "action": "a", "resource": {"type": "t"}}])"),
            "checks.0.resource.id");
}

}  // namespace
}  // namespace auth
