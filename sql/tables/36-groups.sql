-- Groups: what their members may not do. A group belongs to an organization, lists denied actions by service, and acts
-- on the resource that a membership names and on everything below it.
--
-- 1. A group never allows anything, so joining one can only take away.
-- 2. A membership's resource_id has no foreign key; see user_role_assignments.

CREATE TABLE auth.groups (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  organization_id uuid NOT NULL REFERENCES @extschema@.organizations ON DELETE CASCADE,
  name text NOT NULL,
  description text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT groups_organization_id_name_key UNIQUE (organization_id, name),
  CONSTRAINT groups_name_length CHECK (char_length(name) BETWEEN 1 AND 100),
  CONSTRAINT groups_description_length CHECK (char_length(description) <= 500)
);

CREATE TABLE auth.group_permissions (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  group_id uuid NOT NULL REFERENCES auth.groups ON DELETE CASCADE,
  service_name text NOT NULL,
  deny_actions text[] NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT group_permissions_group_id_service_name_key UNIQUE (group_id, service_name),
  CONSTRAINT group_permissions_service_name_length CHECK (char_length(service_name) BETWEEN 1 AND 100),
  CONSTRAINT group_permissions_deny_actions_not_null CHECK (array_position(deny_actions, NULL) IS NULL)
);

CREATE TABLE auth.user_group_memberships (
  user_id bigint NOT NULL REFERENCES @extschema@.users ON DELETE CASCADE,
  group_id uuid NOT NULL REFERENCES auth.groups ON DELETE CASCADE,
  resource_id uuid NOT NULL,
  resource_type text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT user_group_memberships_pkey PRIMARY KEY (user_id, group_id, resource_id),
  CONSTRAINT user_group_memberships_resource_type_known
    CHECK (resource_type IN ('organization', 'account', 'project'))
);

CREATE INDEX user_group_memberships_group_id_idx ON auth.user_group_memberships (group_id);
CREATE INDEX user_group_memberships_resource_id_idx ON auth.user_group_memberships (resource_id);

COMMENT ON TABLE auth.groups IS 'Named sets of denied actions, of an organization.';
COMMENT ON TABLE auth.group_permissions IS 'What a group denies in one service.';
COMMENT ON COLUMN auth.group_permissions.deny_actions IS 'Actions; * stands for every one.';
COMMENT ON TABLE auth.user_group_memberships IS
  'Who is in which group, and on which resource and what lies below it the group acts for them.';

SELECT pg_catalog.pg_extension_config_dump('auth.groups', '');
SELECT pg_catalog.pg_extension_config_dump('auth.group_permissions', '');
SELECT pg_catalog.pg_extension_config_dump('auth.user_group_memberships', '');
