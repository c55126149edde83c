#include "hierarchy.hpp"

#include "index_scan.hpp"

namespace auth {
namespace {

constinit std::array<pg::RowPlaces, kResourceTypes> places{};

// By ResourceType: the columns name the resource, then its parents from the nearest on.
constinit std::array<pg::IndexedTable, kResourceTypes> tables{{
    {.schema = pg::Schema::kExtension,
     .name = "organizations",
     .columns = {{"id", UUIDOID}},
     .places = &places[0]},
    {.schema = pg::Schema::kExtension,
     .name = "accounts",
     .columns = {{"id", UUIDOID}, {"organization_id", UUIDOID}},
     .places = &places[1]},
    {.schema = pg::Schema::kExtension,
     .name = "projects",
     .columns = {{"id", UUIDOID}, {"account_id", UUIDOID}, {"organization_id", UUIDOID}},
     .places = &places[2]},
}};

constinit pg::IndexedTable accounts_by_organization{.schema = pg::Schema::kExtension,
                                                    .name = "accounts",
                                                    .columns = {{"id", UUIDOID}},
                                                    .index_name = "accounts_organization_id_id_idx"};
constinit pg::IndexedTable projects_by_organization{.schema = pg::Schema::kExtension,
                                                    .name = "projects",
                                                    .columns = {{"id", UUIDOID}},
                                                    .index_name = "projects_organization_id_id_idx"};
constinit pg::IndexedTable projects_by_account{.schema = pg::Schema::kExtension,
                                               .name = "projects",
                                               .columns = {{"id", UUIDOID}},
                                               .index_name = "projects_account_id_organization_id_id_idx"};

pg::IndexedTable& children(ResourceType type, ResourceType parent_type) {
  if (type == ResourceType::kAccount) return accounts_by_organization;
  return parent_type == ResourceType::kOrganization ? projects_by_organization : projects_by_account;
}

void append_rows(std::vector<pg_uuid_t>& ids, pg::IndexedTable& table, std::initializer_list<pg::Key> keys) {
  pg::call([&] {
    pg::IndexWalk walk(table, keys);
    while (walk.next_row()) ids.push_back(walk.row().uuid(0));
    walk.end();
  });
}

}  // namespace

void expect_path(ResourceType type, const pg_uuid_t& id) {
  pg::expect_key(tables[static_cast<std::size_t>(type)], pg::Key(id));
}

std::optional<Path> find_path(ResourceType type, const pg_uuid_t& id) {
  const auto depth = static_cast<int>(type);
  Path path{.type = type, .ids = {}};
  const bool found =
      pg::find_by_primary_key(tables[static_cast<std::size_t>(type)], pg::Key(id), [&](const pg::Row& row) {
        for (int column = 0; column <= depth; ++column) {
          path.ids[static_cast<std::size_t>(depth - column)] = row.uuid(column);
        }
      });
  if (!found) return std::nullopt;
  return path;
}

void append_children(std::vector<pg_uuid_t>& ids, ResourceType type, ResourceType parent_type,
                     const pg_uuid_t& parent_id) {
  append_rows(ids, children(type, parent_type), {pg::Key(parent_id)});
}

void append_all(std::vector<pg_uuid_t>& ids, ResourceType type) {
  append_rows(ids, tables[static_cast<std::size_t>(type)], {});
}

double estimate_resources(ResourceType type) {
  return pg::call([&] {
    Relation table = pg::open_table(tables[static_cast<std::size_t>(type)]);
    const double rows = table->rd_rel->reltuples;
    table_close(table, NoLock);
    return rows < 1 ? 1.0 : rows;
  });
}

}  // namespace auth
