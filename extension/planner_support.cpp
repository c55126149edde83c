// Door: what the planner may know about role checks (PostgreSQL's "support functions", nodes/supportnodes.h).
//
// A policy that says USING (auth.has_project_role(project_id, 'viewer')) means the same as project_id =
// ANY (auth.project_ids('viewer')), and PostgreSQL can look an index up by that. So the planner is told
// - the index condition. Its right side is a STABLE function call and no list, so one generic plan serves
// every user and
//   every grant. It is withheld from who sees more than a fifth of all: for them, asking row by row is
//   quicker.
// - the selectivity: the share of all resources that the user sees who is authenticated now. Each assignment
// counts for
//   as much as an average resource of its type holds.
// - the cost: the list of assignments once, then a look-up in a hash table a row.
//
// Who is authenticated while a generic plan is made decides how it looks, but never what it answers.
#include "transaction_identity.hpp"

#include "users.hpp"
#include "visible_resources.hpp"

namespace {

using auth::Level;
using auth::ResourceType;

constexpr double kUnknownShare = 0.005;  // nobody is authenticated yet, or the role is not a constant
constexpr double kMostForIndex = 0.2;
constexpr std::size_t kMostAssignments = 1000;  // whoever has more is not counted further

struct Check {
  ResourceType type;
  Oid ids_function;
};

// The functions of role_checks.cpp that this one supports, by their names in the catalog.
std::optional<Check> find_check(Oid function) {
  return pg::call([&]() -> std::optional<Check> {
    static constexpr struct {
      const char* name;
      const char* ids;
      ResourceType type;
    } kChecks[] = {{"has_organization_role", "organization_ids", ResourceType::kOrganization},
                   {"has_account_role", "account_ids", ResourceType::kAccount},
                   {"has_project_role", "project_ids", ResourceType::kProject}};
    const char* const name = get_func_name(function);
    if (name == nullptr) return std::nullopt;
    for (const auto& check : kChecks) {
      if (std::strcmp(name, check.name) != 0) continue;
      const Oid parameters[] = {TEXTOID};
      const Oid ids = GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum(check.ids),
                                      PointerGetDatum(buildoidvector(parameters, 1)),
                                      ObjectIdGetDatum(get_func_namespace(function)));
      return Check{.type = check.type, .ids_function = ids};
    }
    return std::nullopt;
  });
}

// The level that a role's name in a plan stands for; nothing when it is no constant, or no role's name.
std::optional<Level> constant_level(Node* role) {
  if (!IsA(role, Const)) return std::nullopt;
  const auto* const constant = reinterpret_cast<const Const*>(role);
  if (constant->constisnull) return std::nullopt;
  return pg::call([&] { return auth::parse_level(pg::text_view(constant->constvalue)); });
}

// The assignments of the user who is authenticated now. The planner asks several times for one statement.
const std::vector<auth::Assignment>& own_assignments(std::int64_t user_id) {
  static auto& known = *new std::vector<auth::Assignment>();
  static std::int64_t known_user = 0;
  static auth::StatementStamp stamp{};
  const auth::StatementStamp now = auth::statement_stamp();
  if (stamp != now || known_user != user_id) {
    stamp = {};
    known = auth::list_assignments(user_id, kMostAssignments);
    known_user = user_id;
    stamp = now;
  }
  return known;
}

// The share of all resources of that type on which the user who is authenticated now has at least the role.
double visible_share(ResourceType type, Node* role) {
  const auto level = constant_level(role);
  if (!level) return IsA(role, Const) ? 0 : kUnknownShare;

  const auth::Identity* const identity = ActiveSnapshotSet() ? auth::live_identity() : nullptr;
  if (identity == nullptr) return kUnknownShare;
  const auto user = auth::find_user(identity->user_id);
  if (!user || user->status != auth::UserStatus::kActive) return 0;
  if (user->is_superuser) return 1;
  const auto& assignments = own_assignments(identity->user_id);
  if (assignments.size() >= kMostAssignments) return kMostForIndex;
  double share = 0;
  for (const auth::Assignment& assignment : assignments) {
    if (assignment.level >= *level && assignment.type <= type) {
      share += 1 / auth::estimate_resources(assignment.type);
    }
  }
  return std::min(share, 1.0);
}

Node* answer_selectivity(SupportRequestSelectivity* request) {
  const auto check = find_check(request->funcid);
  if (!check || request->is_join || list_length(request->args) != 2) return nullptr;
  request->selectivity = visible_share(check->type, static_cast<Node*>(lsecond(request->args)));
  return reinterpret_cast<Node*>(request);
}

Node* answer_cost(SupportRequestCost* request) {
  constexpr double kAssignmentsToRead = 20;
  constexpr double kOperatorsPerRow = 4;  // measured: 0.1 µs a row
  request->startup = kAssignmentsToRead * (cpu_index_tuple_cost + cpu_tuple_cost);
  request->per_tuple = kOperatorsPerRow * cpu_operator_cost;
  return reinterpret_cast<Node*>(request);
}

// resource = ANY (auth.project_ids(role)), where the index can look that up in one scan. Only in its first
// column: further behind, a scan for several values does not return rows in the index's order, and the
// planner, which sees a function call where the array is, would not know.
Node* answer_index_condition(SupportRequestIndexCondition* request) {
  if (request->indexarg != 0 || request->indexcol != 0 || !request->index->amsearcharray) return nullptr;
  if (!IsA(request->node, FuncExpr)) return nullptr;
  const auto* const call = reinterpret_cast<const FuncExpr*>(request->node);
  const auto check = find_check(request->funcid);
  if (!check || !OidIsValid(check->ids_function) || list_length(call->args) != 2) return nullptr;
  auto* const role = static_cast<Node*>(lsecond(call->args));
  // Listing fails where asking says no: for what is no role's name.
  if (!constant_level(role)) return nullptr;
  const Oid equality = pg::call([&]() -> Oid {
    // Whoever may not list must not fail where asking is enough.
    if (!pg::version::may_execute(check->ids_function)) return InvalidOid;
    return get_opfamily_member(request->opfamily, UUIDOID, UUIDOID, BTEqualStrategyNumber);
  });
  if (!OidIsValid(equality) || visible_share(check->type, role) > kMostForIndex) return nullptr;
  return pg::call([&] {
    auto* const ids = makeFuncExpr(check->ids_function, UUIDARRAYOID, list_make1(copyObjectImpl(role)),
                                   InvalidOid, call->inputcollid, COERCE_EXPLICIT_CALL);
    auto* const condition = makeNode(ScalarArrayOpExpr);
    condition->opno = equality;
    condition->opfuncid = get_opcode(equality);
    condition->useOr = true;
    condition->args = list_make2(copyObjectImpl(linitial(call->args)), ids);
    condition->location = -1;
    request->lossy = false;
    return reinterpret_cast<Node*>(list_make1(condition));
  });
}

}  // namespace

SQL_FUNCTION(role_check_support) {
  auto* const request = reinterpret_cast<Node*>(DatumGetPointer(arguments.raw(0).value));
  Node* answer = nullptr;
  if (IsA(request, SupportRequestSelectivity)) {
    answer = answer_selectivity(reinterpret_cast<SupportRequestSelectivity*>(request));
  } else if (IsA(request, SupportRequestCost)) {
    answer = answer_cost(reinterpret_cast<SupportRequestCost*>(request));
  } else if (IsA(request, SupportRequestIndexCondition)) {
    answer = answer_index_condition(reinterpret_cast<SupportRequestIndexCondition*>(request));
  }
  return PointerGetDatum(answer);
}
