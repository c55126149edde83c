-- User role assignments: which role a user has on which organization, account or project. Roles inherit
-- downward.
--
-- 1. One role a user and resource.
-- 2. resource_id has no foreign key, as it points into three tables; a trigger on each of them removes the
--    assignments of a resource that goes (auth.remove_resource_assignments).
-- 3. An assignment past expires_at counts for nothing.

CREATE TABLE @extschema@.user_role_assignments (
  user_id bigint NOT NULL REFERENCES @extschema@.users ON DELETE CASCADE,
  resource_id uuid NOT NULL,
  resource_type text NOT NULL,
  role text NOT NULL,
  expires_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT user_role_assignments_pkey PRIMARY KEY (user_id, resource_id),
  CONSTRAINT user_role_assignments_role_known CHECK (role IN ('superadmin', 'admin', 'editor', 'viewer')),
  CONSTRAINT user_role_assignments_resource_type_known
    CHECK (resource_type IN ('organization', 'account', 'project'))
);

-- The primary key serves as the index on user_id.
CREATE INDEX user_role_assignments_resource_id_idx ON @extschema@.user_role_assignments (resource_id);

COMMENT ON TABLE @extschema@.user_role_assignments IS
  'Roles of users on organizations, accounts and projects.';
COMMENT ON COLUMN @extschema@.user_role_assignments.expires_at IS 'End of the assignment; NULL: it has none.';

SELECT pg_catalog.pg_extension_config_dump('@extschema@.user_role_assignments', '');
