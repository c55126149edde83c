-- Promise: nobody lists what is not theirs to see, lists are ordered and paged, and everybody sees what their own rights
-- are made of.
\ir support.psql
\ir roles.psql

INSERT INTO auth.groups (id, organization_id, name)
VALUES (pg_temp.id('g'), pg_temp.id('one'), 'g'), (pg_temp.id('h'), pg_temp.id('two'), 'h');
INSERT INTO auth.group_permissions (group_id, service_name, deny_actions) VALUES (pg_temp.id('g'), 's', '{x}');
INSERT INTO auth.user_group_memberships (user_id, group_id, resource_id, resource_type)
VALUES (pg_temp.person('hand'), pg_temp.id('g'), pg_temp.id('p'), 'project'),
       (pg_temp.person('eye'), pg_temp.id('g'), pg_temp.id('a'), 'account');
INSERT INTO auth.permission_overrides (user_id, resource_id, resource_type, deny_actions)
VALUES (pg_temp.person('hand'), pg_temp.id('p'), 'project', '{x}'),
       (pg_temp.person('eye'), pg_temp.id('a'), 'account', '{x}');
-- Expired: shown to administrators, gives nothing.
INSERT INTO user_role_assignments (user_id, resource_id, resource_type, role, expires_at)
VALUES (pg_temp.person('stranger'), pg_temp.id('two'), 'organization', 'admin', now() - interval '1 second');

-- What a person lists: names of resources, or the users of assignments, overrides and memberships.
CREATE FUNCTION pg_temp.lists(who text, list text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  listed text;
BEGIN
  PERFORM pg_temp.act_as(who);
  EXECUTE format(
    $sql$SELECT string_agg(coalesce(item ->> 'name', (
                  SELECT split_part(email, '@', 1) FROM users WHERE id = (item ->> 'user_id')::bigint)), ' ')
           FROM jsonb_path_query(%s, '$.*[*]') AS item$sql$, list) INTO listed;
  RETURN coalesce(listed, '');
END $$;
SELECT is(pg_temp.lists(who, format('auth.list_%s()', list)), expected, format('%s lists %s', who, list))
  FROM (VALUES
    ('root',     'organizations', 'one two'), ('root', 'accounts', 'a b c'), ('root', 'projects', 'p q r'),
    ('boss',     'organizations', 'one'),     ('boss', 'accounts', 'a b'),   ('boss', 'projects', 'p q'),
    ('lead',     'organizations', 'one'),     ('lead', 'accounts', 'a'),     ('lead', 'projects', 'p q'),
    ('eye',      'organizations', 'one'),     ('eye',  'accounts', 'a'),     ('eye',  'projects', 'p q'),
    ('hand',     'organizations', 'one'),     ('hand', 'accounts', 'a'),     ('hand', 'projects', 'p'),
    ('other',    'organizations', 'two'),     ('other', 'accounts', 'c'),    ('other', 'projects', 'r'),
    ('stranger', 'organizations', ''),        ('stranger', 'accounts', ''),  ('stranger', 'projects', ''),
    ('root', 'role_assignments', 'chief boss lead owner hand eye other stranger'),
    ('boss', 'role_assignments', 'chief boss lead owner hand eye'),
    ('lead', 'role_assignments', 'lead owner hand eye'), ('owner', 'role_assignments', 'owner hand'),
    ('eye', 'role_assignments', 'eye'), ('other', 'role_assignments', 'other stranger'),
    ('stranger', 'role_assignments', 'stranger'), ('target', 'role_assignments', ''),
    ('root', 'permission_overrides', 'hand eye'), ('lead', 'permission_overrides', 'hand eye'),
    ('owner', 'permission_overrides', 'hand'), ('hand', 'permission_overrides', 'hand'),
    ('other', 'permission_overrides', ''),
    ('root', 'groups', 'g h'), ('hand', 'groups', 'g'), ('other', 'groups', 'h'), ('stranger', 'groups', ''))
    AS v (who, list, expected);
SELECT is(pg_temp.lists(who, format('auth.list_group_members(%L)', pg_temp.id('g'))), expected,
          format('%s lists members', who))
  FROM (VALUES ('root', 'hand eye'), ('lead', 'hand eye'), ('owner', 'hand'), ('hand', 'hand'), ('eye', 'eye'))
    AS v (who, expected);
SELECT is(pg_temp.lists(who, format('auth.list_user_groups(%s)', pg_temp.person('eye'))), expected,
          format('%s lists the groups of another', who))
  FROM (VALUES ('root', 'eye'), ('lead', 'eye'), ('owner', ''), ('eye', 'eye'), ('other', '')) AS v (who, expected);

-- Filters
SELECT is(pg_temp.lists('root', format('auth.list_' || list, pg_temp.id(filter))), expected, list || ' of ' || filter)
  FROM (VALUES ('accounts(%L)', 'one', 'a b'), ('accounts(%L)', 'p', ''), ('projects(%L)', 'two', 'r'),
               ('projects(NULL, %L)', 'a', 'p q'), ('groups(%L)', 'two', 'h'),
               ('role_assignments(resource_id => %L)', 'p', 'owner hand'),
               ('permission_overrides(resource_id => %L)', 'a', 'eye')) AS v (list, filter, expected);
SELECT is(pg_temp.lists('boss', format('auth.list_accounts(%L)', pg_temp.id('two'))), '',
  'a filter shows no more than is visible');
SELECT is(pg_temp.lists('root', 'auth.list_role_assignments(resource_type => ''account'')'), 'lead eye', 'of a type');
SELECT is(pg_temp.lists('root', format('auth.list_role_assignments(%s)', pg_temp.person('hand'))), 'hand', 'of a user');
SELECT pg_temp.act_as('stranger');
SELECT is(auth.list_roles(true) -> 'total', '12', 'everybody sees the system''s roles');
SELECT is(jsonb_array_length(auth.list_roles(true, base_type => 'admin', scope_type => 'project') -> 'roles'), 1,
  'by level and type');
SELECT is(auth.list_roles(false), '{"roles": [], "total": 0}', 'and the operator''s own');

-- Pages
SELECT pg_temp.act_as('root');
SELECT is(auth.list_projects(skip => 1, "limit" => 1) #>> '{projects,0,name}', 'q', 'a page begins where it is told');
SELECT is(jsonb_array_length(auth.list_projects(skip => 1, "limit" => 1) -> 'projects'), 1, 'is as long as it is told');
SELECT is(auth.list_projects(skip => 1, "limit" => 1) -> 'total', '3', 'and says how many there are');
SELECT is(auth.list_projects(skip => 2147483647), '{"projects": [], "total": 3}', 'also beyond the end');

-- Members of the answers
SELECT set_eq(format('SELECT jsonb_object_keys(%s)', answer), members, answer)
  FROM (VALUES
    ('auth.list_organizations() #> ''{organizations,0}''', '{id,name,description,created_at,updated_at}'::text[]),
    ('auth.list_accounts() #> ''{accounts,0}''', '{id,organization_id,name,description,created_at,updated_at}'),
    ('auth.list_projects() #> ''{projects,0}''',
     '{id,account_id,organization_id,name,description,created_at,updated_at}'),
    ('auth.list_role_assignments() #> ''{assignments,0}''',
     '{user_id,role,resource_type,resource_id,created_at,role_id,expires_at}'),
    ('auth.list_permission_overrides() #> ''{overrides,0}''',
     '{user_id,resource_id,resource_type,allow_actions,deny_actions,created_at,updated_at}'),
    ('auth.list_roles() #> ''{roles,0}''',
     '{id,name,description,base_type,scope_type,is_system,created_at,updated_at,permissions}'),
    ('auth.list_groups() #> ''{groups,0}''',
     '{id,organization_id,name,description,created_at,updated_at,permissions}'),
    ('auth.list_groups() #> ''{groups,0,permissions,0}''',
     '{id,group_id,service_name,allow_actions,deny_actions,created_at,updated_at}'),
    (format('auth.list_group_members(%L) #> ''{memberships,0}''', pg_temp.id('g')),
     '{user_id,group_id,resource_id,resource_type,created_at}'),
    (format('auth.list_user_groups(%s) #> ''{memberships,0}''', pg_temp.person('eye')),
     '{user_id,group_id,resource_id,resource_type,created_at,group}'),
    ('auth.show_own_access()', '{user_id,is_superuser,role_assignments,group_memberships,permission_overrides}'))
    AS v (answer, members);

-- One's own
SELECT pg_temp.act_as('hand');
SELECT is(auth.show_own_access() #>> '{role_assignments,0,role}', 'editor', 'one sees one''s roles');
SELECT is(auth.show_own_access() #> '{group_memberships,0,group,permissions,0,deny_actions}', '["x"]',
  'one''s groups and what they deny');
SELECT is(auth.show_own_access() #> '{permission_overrides,0,deny_actions}', '["x"]', 'and one''s overrides');
SELECT is(auth.show_own_access() -> 'is_superuser', 'false', 'and whether one is a superuser');
SELECT pg_temp.act_as('stranger');
SELECT is(auth.show_own_access() -> 'role_assignments', '[]', 'not what has expired');

SELECT finish();
ROLLBACK;
