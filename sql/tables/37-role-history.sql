-- Role history: who held which role from when to when, and where every resource hung. Triggers write it, so a change
-- made past the functions counts as well (sql/functions/70-role-history.sql).
--
-- 1. Rows are only added, and refer to nothing: they outlive the user and the resource.
-- 2. A row says what holds from its moment on, until the next row of the same key. A moment is the clock's when the
--    change was written, later than the key's row before; the change acts from its commit on.
-- 3. A restore brings history back before the rows that it tells of, as pg_dump orders tables by schema and name and
--    what they refer to (hence not hierarchy_history: it would come after auth.groups, and so after organizations). The
--    triggers then find that history knows those rows. In another order they add entries that repeat the last one: the
--    keys are natural, so nothing collides, and no answer changes.

CREATE TABLE auth.role_history (
  user_id bigint NOT NULL,
  resource_id uuid NOT NULL,
  at timestamptz NOT NULL,
  resource_type text NOT NULL,
  change text NOT NULL,
  role text NOT NULL,
  role_id uuid,
  expires_at timestamptz,
  changed_by bigint,
  session_role text NOT NULL DEFAULT session_user,
  by_right text DEFAULT nullif(current_setting('auth.change_right', true), ''),
  reason text DEFAULT nullif(current_setting('auth.change_reason', true), ''),
  CONSTRAINT role_history_pkey PRIMARY KEY (user_id, resource_id, at),
  CONSTRAINT role_history_change_known CHECK (change IN ('granted', 'changed', 'revoked'))
);

-- Pages of one resource's changes and of all changes, newest first.
CREATE INDEX role_history_resource_id_at_user_id_idx ON auth.role_history (resource_id, at, user_id);
CREATE INDEX role_history_at_user_id_resource_id_idx ON auth.role_history (at, user_id, resource_id);

COMMENT ON TABLE auth.role_history IS 'Every grant, change and revocation of a role.';
COMMENT ON COLUMN auth.role_history.change IS
  'granted, changed or revoked; role, role_id and expires_at are the new ones, or those that were revoked.';
COMMENT ON COLUMN auth.role_history.changed_by IS
  'The user whom auth.authenticate named; NULL: nobody, such as an administrator of the database.';
COMMENT ON COLUMN auth.role_history.session_role IS 'The role that logged in to the database.';
COMMENT ON COLUMN auth.role_history.by_right IS
  'superuser, or the assignment that allowed it; NULL: a right of the database, such as DELETE on the table.';
COMMENT ON COLUMN auth.role_history.reason IS
  'What was given as the reason; in SQL: SET LOCAL auth.change_reason = ''…''.';

CREATE TABLE auth.belonging_history (
  resource_id uuid NOT NULL,
  at timestamptz NOT NULL,
  resource_type text NOT NULL,
  change text NOT NULL,
  parent_id uuid,
  changed_by bigint,
  session_role text NOT NULL DEFAULT session_user,
  by_right text DEFAULT nullif(current_setting('auth.change_right', true), ''),
  reason text DEFAULT nullif(current_setting('auth.change_reason', true), ''),
  CONSTRAINT belonging_history_pkey PRIMARY KEY (resource_id, at),
  CONSTRAINT belonging_history_change_known CHECK (change IN ('created', 'moved', 'deleted')),
  CONSTRAINT belonging_history_resource_type_known CHECK (resource_type IN ('organization', 'account', 'project')),
  CONSTRAINT belonging_history_parent_id_set CHECK ((resource_type = 'organization') = (parent_id IS NULL))
);

COMMENT ON TABLE auth.belonging_history IS 'When each organization, account and project began, moved and ended.';
COMMENT ON COLUMN auth.belonging_history.parent_id IS
  'An account''s organization, a project''s account, from then on (or until then, when deleted).';

SELECT pg_catalog.pg_extension_config_dump('auth.role_history', '');
SELECT pg_catalog.pg_extension_config_dump('auth.belonging_history', '');
