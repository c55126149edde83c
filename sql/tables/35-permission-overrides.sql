-- Permission overrides: for one user on one resource, actions that are denied whatever the roles say, and actions
-- that are allowed without a role. A deny counts before an allow.
--
-- 1. One row a user and resource; it acts on exactly that resource, not on what lies below it.
-- 2. resource_id has no foreign key; see user_role_assignments.
-- 3. There is no wildcard: an override names its actions.

CREATE TABLE auth.permission_overrides (
  user_id bigint NOT NULL REFERENCES @extschema@.users ON DELETE CASCADE,
  resource_id uuid NOT NULL,
  resource_type text NOT NULL,
  allow_actions text[] NOT NULL DEFAULT '{}',
  deny_actions text[] NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT permission_overrides_pkey PRIMARY KEY (user_id, resource_id),
  CONSTRAINT permission_overrides_resource_type_known CHECK (resource_type IN ('organization', 'account', 'project')),
  CONSTRAINT permission_overrides_actions_not_null
    CHECK (array_position(allow_actions, NULL) IS NULL AND array_position(deny_actions, NULL) IS NULL)
);

-- user_id comes last, so that a page of a resource's subjects is read in order.
CREATE INDEX permission_overrides_resource_id_user_id_idx ON auth.permission_overrides (resource_id, user_id);

COMMENT ON TABLE auth.permission_overrides IS
  'Actions that one user may or may not take on one resource, before any role is asked.';

SELECT pg_catalog.pg_extension_config_dump('auth.permission_overrides', '');
