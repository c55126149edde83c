// Doors: access decisions, for SQL callers one by one or over arrays, and for HTTP as JSON.
#include "core/access_request.hpp"

#include "access_check.hpp"
#include "access_tokens.hpp"
#include "caller.hpp"

namespace {

using auth::AccessDecision;
using auth::AccessQuestion;

constexpr std::size_t kMostChecks = 1000;

// What the gateway writes to its log as an audit line: an INFO with this SQLSTATE.
constexpr int kAudit = MAKE_SQLSTATE('A', '0', 'A', 'U', 'D');

NullableDatum text_or_null(const char* text) {
  return text == nullptr ? pg::null_column() : pg::column(pg::text(text));
}

std::array<NullableDatum, 4> columns_of(const AccessDecision& decision) {
  return {pg::column(pg::boolean(decision.allowed)), text_or_null(decision.deny_reason),
          text_or_null(decision.granted_by), text_or_null(decision.user_status)};
}

// Nobody and nothing have the id 0, so that NULL is answered as what does not exist.
std::int64_t user_argument(const NullableDatum& user_id) {
  return user_id.isnull ? 0 : DatumGetInt64(user_id.value);
}
pg_uuid_t uuid_argument(const NullableDatum& id) {
  return id.isnull ? pg_uuid_t{} : *DatumGetUUIDP(id.value);
}

pg_uuid_t to_datum(const auth::Uuid& uuid) {
  pg_uuid_t id;
  std::memcpy(id.data, uuid.data(), UUID_LEN);
  return id;
}
std::optional<pg_uuid_t> to_datum(const std::optional<auth::Uuid>& uuid) {
  if (!uuid) return std::nullopt;
  return to_datum(*uuid);
}

// The question that a request asks; views the request's texts.
AccessQuestion question_of(std::int64_t user_id, std::string_view action,
                           std::optional<std::string_view> service, const auth::RequestedResource& resource) {
  return {.user_id = user_id,
          .action = action,
          .resource_type = auth::parse_resource_type(*resource.type),
          .resource_id = to_datum(*resource.id),
          .service = service,
          .organization_id = to_datum(resource.organization_id),
          .account_id = to_datum(resource.account_id)};
}

void append_member(std::string& json, const char* name, const char* text) {
  json.append(", \"").append(name).append("\": ");
  if (text == nullptr) {
    json += "null";
  } else {
    json.append("\"").append(text).append("\"");  // our own words: nothing to escape
  }
}

void append_decision(std::string& json, const AccessDecision& decision) {
  json += decision.allowed ? R"({"allowed": true)" : R"({"allowed": false)";
  append_member(json, "deny_reason", decision.deny_reason);
  append_member(json, "granted_by", decision.granted_by);
  append_member(json, "user_status", decision.user_status);
  json += '}';
}

// A superuser is allowed everything, so that leaves a line: whom it was allowed, and how often in this call.
void audit(std::int64_t user_id, std::size_t times, std::string_view action) {
  char shown[64];
  const std::size_t length = std::min(action.size(), sizeof shown - 1);
  std::memcpy(shown, action.data(), length);
  shown[length] = '\0';
  pg::call([&] {
    ereport(INFO, (errcode(kAudit), errmsg("superuser allowed: user %lld, action \"%s\", %zu time(s)",
                                           static_cast<long long>(user_id), shown, times)));
  });
}

pg::SqlError unprocessable(const auth::InvalidRequest& error) {
  return {MAKE_SQLSTATE('A', '0', '4', '2', '2'), error.place() + ": " + error.what()};
}

}  // namespace

SQL_FUNCTION(check_access) {
  AccessQuestion question{.user_id = user_argument(arguments.raw(0)),
                          .action = arguments.text(1),
                          .resource_type = std::nullopt,
                          .resource_id = uuid_argument(arguments.raw(3)),
                          .service = std::nullopt,
                          .organization_id = std::nullopt,
                          .account_id = std::nullopt};
  if (!arguments.is_null(2)) question.resource_type = auth::parse_resource_type(arguments.text(2));
  if (!arguments.is_null(4)) question.service = arguments.text(4);
  return arguments.row(columns_of(auth::decide(question)));
}

SQL_FUNCTION(check_access_batch) {
  const auto user_ids = arguments.array(0, INT8OID);
  const auto actions = arguments.array(1, TEXTOID);
  const auto types = arguments.array(2, TEXTOID);
  const auto ids = arguments.array(3, UUIDOID);
  const bool has_services = !arguments.is_null(4);
  const auto services = has_services ? arguments.array(4, TEXTOID) : std::span<const NullableDatum>{};
  const std::size_t count = user_ids.size();
  if (actions.size() != count || types.size() != count || ids.size() != count ||
      (has_services && services.size() != count)) {
    throw pg::SqlError(ERRCODE_ARRAY_SUBSCRIPT_ERROR, "the arrays differ in length");
  }
  pg::ResultRows rows(arguments);
  for (std::size_t i = 0; i < count; ++i) {
    if (actions[i].isnull) throw pg::SqlError(ERRCODE_NULL_VALUE_NOT_ALLOWED, "an action must not be NULL");
    AccessQuestion question{.user_id = user_argument(user_ids[i]),
                            .action = pg::text_view(actions[i].value),
                            .resource_type = std::nullopt,
                            .resource_id = uuid_argument(ids[i]),
                            .service = std::nullopt,
                            .organization_id = std::nullopt,
                            .account_id = std::nullopt};
    if (!types[i].isnull) question.resource_type = auth::parse_resource_type(pg::text_view(types[i].value));
    if (has_services && !services[i].isnull) question.service = pg::text_view(services[i].value);
    const auto decision = columns_of(auth::decide(question));
    rows.add(std::array{pg::column(Int32GetDatum(static_cast<std::int32_t>(i + 1))), decision[0], decision[1],
                        decision[2], decision[3]});
  }
  return pg::nothing();
}

SQL_FUNCTION(require_may_ask) {
  const auto type = arguments.is_null(2) ? std::nullopt : auth::parse_resource_type(arguments.text(2));
  auth::require_may_ask(arguments.integer(0), arguments.integer(1), type, uuid_argument(arguments.raw(3)));
  return pg::nothing();
}

SQL_FUNCTION(answer_access_check) {
  const std::int64_t caller_id = auth::require_user(arguments, 4);
  const std::int64_t user_id = arguments.integer(0);
  auth::RequestedResource resource;
  try {
    resource = auth::parse_resource(arguments.text(2));
  } catch (const auth::InvalidRequest& error) {
    throw unprocessable(error);
  }
  const auto service =
      arguments.is_null(3) ? std::optional<std::string_view>{} : std::optional(arguments.text(3));
  const AccessQuestion question = question_of(user_id, arguments.text(1), service, resource);
  auth::require_may_ask(caller_id, user_id, question.resource_type, question.resource_id);
  const AccessDecision decision = auth::decide(question);
  if (decision.deny_reason == auth::kUserNotFound) {
    throw pg::SqlError(MAKE_SQLSTATE('A', '0', '4', '0', '4'),
                       "User " + std::to_string(user_id) + " not found");
  }
  if (decision.granted_by == auth::kGrantedBySuperuser) audit(user_id, 1, question.action);
  std::string json;
  append_decision(json, decision);
  return pg::text(json);
}

SQL_FUNCTION(answer_access_checks) {
  const std::int64_t caller_id = auth::require_user(arguments, 1);
  std::vector<auth::RequestedCheck> checks;
  try {
    checks = auth::parse_checks(arguments.is_null(0) ? std::string_view{} : arguments.text(0), kMostChecks);
  } catch (const auth::InvalidRequest& error) {
    throw unprocessable(error);
  }
  const auto caller = auth::find_user(caller_id);
  const bool may_ask_all = caller && caller->status == auth::UserStatus::kActive && caller->is_superuser;
  std::size_t audited = 0;
  std::int64_t audited_user = 0;
  std::string_view audited_action;
  std::string json = R"({"results": [)";
  json.reserve(128 * checks.size());
  for (const auth::RequestedCheck& check : checks) {
    if (&check != &checks.front()) json += ", ";
    const auto service = check.service ? std::optional<std::string_view>(*check.service) : std::nullopt;
    const AccessQuestion question = question_of(*check.user_id, *check.action, service, check.resource);
    if (!may_ask_all) {
      auth::require_may_ask(caller_id, question.user_id, question.resource_type, question.resource_id);
    }
    const AccessDecision decision = auth::decide(question);
    append_decision(json, decision);
    if (decision.granted_by != auth::kGrantedBySuperuser) continue;
    // One line for each superuser and action in a row, however long the batch is.
    if (audited != 0 && (audited_user != question.user_id || audited_action != question.action)) {
      audit(audited_user, audited, audited_action);
      audited = 0;
    }
    ++audited;
    audited_user = question.user_id;
    audited_action = question.action;
  }
  if (audited != 0) audit(audited_user, audited, audited_action);
  json += "]}";
  return pg::text(json);
}
