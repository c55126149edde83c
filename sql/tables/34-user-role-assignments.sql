-- User role assignments: which role a user has on which organization, account or project. Roles inherit
-- downward; a user's several assignments add up.
--
-- 1. One role a user and resource.
-- 2. resource_id has no foreign key, as it points into three tables; a trigger on each of them removes what is
--    attached to a resource that goes (auth.remove_resource_attachments).
-- 3. An assignment past expires_at counts for nothing, from that moment on and without a job.
-- 4. role is the level. Where role_id names a role, the foreign key keeps level and scope equal to that role's.

CREATE TABLE @extschema@.user_role_assignments (
  user_id bigint NOT NULL REFERENCES @extschema@.users ON DELETE CASCADE,
  resource_id uuid NOT NULL,
  resource_type text NOT NULL,
  role text NOT NULL,
  role_id uuid,
  expires_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT user_role_assignments_pkey PRIMARY KEY (user_id, resource_id),
  CONSTRAINT user_role_assignments_role_id_fkey FOREIGN KEY (role_id, role, resource_type)
    REFERENCES auth.roles (id, base_type, scope_type),
  CONSTRAINT user_role_assignments_role_known CHECK (role IN ('superadmin', 'admin', 'editor', 'viewer')),
  CONSTRAINT user_role_assignments_resource_type_known
    CHECK (resource_type IN ('organization', 'account', 'project'))
);

-- The primary key serves as the index on user_id. The one on resource_id has user_id behind it, so that a page of a
-- resource's subjects is read in order.
CREATE INDEX user_role_assignments_resource_id_user_id_idx
  ON @extschema@.user_role_assignments (resource_id, user_id);
CREATE INDEX user_role_assignments_role_id_idx
  ON @extschema@.user_role_assignments (role_id, role, resource_type) WHERE role_id IS NOT NULL;

COMMENT ON TABLE @extschema@.user_role_assignments IS
  'Roles of users on organizations, accounts and projects.';
COMMENT ON COLUMN @extschema@.user_role_assignments.role IS 'The level: superadmin, admin, editor or viewer.';
COMMENT ON COLUMN @extschema@.user_role_assignments.role_id IS
  'A role of the operator''s own, whose permissions say which actions it allows; NULL: the level''s own.';
COMMENT ON COLUMN @extschema@.user_role_assignments.expires_at IS 'End of the assignment; NULL: it has none.';

SELECT pg_catalog.pg_extension_config_dump('@extschema@.user_role_assignments', '');
