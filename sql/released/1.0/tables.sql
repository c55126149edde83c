-- Installation script of the PostgreSQL extension auth_api: what must hold before the first object is
-- created. The whole script is this file, then sql/tables/*.sql, sql/functions/*.sql (each in name order),
-- sql/routes.sql and sql/grants.sql. The extension is trusted: the script runs as the bootstrap superuser
-- whoever calls it, so every name in it is qualified and nothing that exists already is replaced.

\echo Use "CREATE EXTENSION auth_api" to load this file. \quit

DO $check$
BEGIN
  -- E-mail addresses and passwords are Unicode in normal form C; normalize() works in UTF8 alone.
  IF pg_catalog.getdatabaseencoding() OPERATOR(pg_catalog.<>) 'UTF8' THEN
    RAISE EXCEPTION 'auth_api needs a database with encoding UTF8, this one has %', getdatabaseencoding()
      USING ERRCODE = 'feature_not_supported',
            HINT = 'Create it with: CREATE DATABASE auth_db TEMPLATE template0 ENCODING ''UTF8''';
  END IF;

  -- Schema auth is the extension's own: were it shared, its functions could be replaced by the schema's
  -- owner.
  IF pg_catalog.to_regnamespace('auth') IS NOT NULL THEN
    RAISE EXCEPTION 'auth_api creates schema "auth", which exists already in this database'
      USING ERRCODE = 'duplicate_schema',
            HINT = 'Install into a database of its own, or rename or drop schema "auth" first.';
  END IF;
END
$check$;
-- The three roles that carry rights. Nobody logs in as one of them: login roles are granted auth_gateway or
-- auth_caller.
--
-- 1. auth_owner owns every object of the extension, so SECURITY DEFINER functions run as it, never as a
--    superuser. Nobody but a superuser may become auth_owner: whoever could would read every password hash.
-- 2. auth_gateway may execute the functions that built-in routes name and read no table. Grant it to the
--    gateway's login.
-- 3. auth_caller may execute what applications call from SQL. Grant it to the applications' logins.
-- 4. Roles belong to the cluster: another database may have made them, or somebody with CREATEROLE may have
--    prepared them. One that exists is used only when it is harmless.

DO $roles$
DECLARE
  needed pg_catalog.name;
  existing pg_catalog.pg_roles%ROWTYPE;
  intruder pg_catalog.name;
BEGIN
  FOREACH needed IN ARRAY ARRAY['auth_owner', 'auth_gateway', 'auth_caller'] LOOP
    SELECT r.* INTO existing FROM pg_catalog.pg_roles AS r WHERE r.rolname OPERATOR(pg_catalog.=) needed;
    IF NOT FOUND THEN
      BEGIN
        EXECUTE pg_catalog.format('CREATE ROLE %I NOLOGIN', needed);
      EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL;  -- Another session has just made it; it is checked below like any that existed.
      END;
      SELECT r.* INTO STRICT existing
        FROM pg_catalog.pg_roles AS r WHERE r.rolname OPERATOR(pg_catalog.=) needed;
    END IF;
    IF existing.rolcanlogin OR existing.rolsuper OR existing.rolcreaterole OR existing.rolcreatedb
       OR existing.rolbypassrls OR existing.rolreplication THEN
      RAISE EXCEPTION 'role "%" exists already and may do more than auth_api allows it', needed
        USING ERRCODE = 'invalid_role_specification',
              HINT = pg_catalog.format('ALTER ROLE %I NOLOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB '
                                       'NOBYPASSRLS NOREPLICATION; or rename it.', needed);
    END IF;
  END LOOP;

  SELECT member.rolname INTO intruder
    FROM pg_catalog.pg_auth_members AS membership
    JOIN pg_catalog.pg_roles AS owner ON owner.oid OPERATOR(pg_catalog.=) membership.roleid
    JOIN pg_catalog.pg_roles AS member ON member.oid OPERATOR(pg_catalog.=) membership.member
   WHERE owner.rolname OPERATOR(pg_catalog.=) 'auth_owner' AND NOT member.rolsuper
   LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'role "%" is a member of auth_owner and could read every password hash', intruder
      USING ERRCODE = 'invalid_role_specification',
            HINT = pg_catalog.format('REVOKE auth_owner FROM %I;', intruder);
  END IF;
END
$roles$;
-- Schema auth: the functions, and every table that holds a secret or a setting. The nine documented tables
-- live in the schema that CREATE EXTENSION was given (@extschema@).

CREATE SCHEMA auth;
COMMENT ON SCHEMA auth IS
  'Auth API: functions, settings and secrets. Callers get USAGE and EXECUTE, never a table.';

CREATE TYPE auth.http_response AS (status integer, headers jsonb, body jsonb);
COMMENT ON TYPE auth.http_response IS
  'What a function returns when it needs a status or headers of its own, or when its refusal must be '
  'committed (a raised error would roll back what it wrote). status: 100 to 599; headers: object of strings, '
  'or NULL; body: JSON.';

CREATE TYPE auth.issued_session AS (
  session_id uuid, access_token text, refresh_token text, expires_at timestamptz);
COMMENT ON TYPE auth.issued_session IS
  'A session that has just begun, with its two tokens in plain text: nothing keeps them. expires_at is the '
  'session''s.';
-- Users: who they are and what they may do here. Passwords and other secrets live in schema auth.
--
-- 1. One row an e-mail address. The address is stored as auth.normalise_email returns it (NFC, trimmed, lower
--    case); the CHECK repeats the part of that which depends on no locale, so that a dump restores under any
--    collation.
-- 2. No secret is a column here: a constraint error prints the whole failing row.
-- 3. A session is worth something only while its user's status is 'active'.
-- 4. A user is deleted softly: status 'deleted' and deleted_at go together.
-- 5. No function sets is_superuser, application_admin or is_manager from what a client sent.

CREATE TABLE @extschema@.users (
  id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  email text NOT NULL CONSTRAINT users_email_key UNIQUE,
  full_name text,
  status text NOT NULL DEFAULT 'active',
  is_verified boolean NOT NULL DEFAULT false,
  is_superuser boolean NOT NULL DEFAULT false,
  application_admin boolean NOT NULL DEFAULT false,
  is_manager boolean NOT NULL DEFAULT false,
  is_password_temporary boolean NOT NULL DEFAULT false,
  phone_number text,
  mfa_enabled boolean NOT NULL DEFAULT false,
  sms_mfa_enabled boolean NOT NULL DEFAULT false,
  phone_verified boolean NOT NULL DEFAULT false,
  email_mfa_enabled boolean NOT NULL DEFAULT false,
  biometric_mfa_enabled boolean NOT NULL DEFAULT false,
  last_login timestamptz,
  deleted_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT users_email_normalised CHECK (
    email = lower(email COLLATE "C") AND email IS NFC NORMALIZED
    AND octet_length(email) <= 254 AND position('@' IN email) > 1),
  CONSTRAINT users_full_name_length CHECK (char_length(full_name) BETWEEN 1 AND 255),
  CONSTRAINT users_phone_number_length CHECK (char_length(phone_number) BETWEEN 1 AND 20),
  CONSTRAINT users_status_known CHECK (status IN ('active', 'inactive', 'suspended', 'pending', 'deleted')),
  CONSTRAINT users_deleted_at_set CHECK ((status = 'deleted') = (deleted_at IS NOT NULL))
);

-- Superusers are subjects of every resource, so every list of subjects reads them, in order.
CREATE INDEX users_superusers_idx ON @extschema@.users (id) WHERE is_superuser;

COMMENT ON TABLE @extschema@.users IS 'One row a person (or service) that can log in. Holds no secret.';
COMMENT ON COLUMN @extschema@.users.email IS 'Normalised: NFC, trimmed, lower case, at most 254 bytes.';
COMMENT ON COLUMN @extschema@.users.status IS
  'active, inactive, suspended, pending or deleted; only active may log in.';
COMMENT ON COLUMN @extschema@.users.is_verified IS
  'The user has shown that mail to the address reaches them.';
COMMENT ON COLUMN @extschema@.users.is_password_temporary IS
  'Somebody else chose the password: answers carry password_change_required until the user changes it.';
COMMENT ON COLUMN @extschema@.users.mfa_enabled IS 'A TOTP authenticator is enrolled.';

SELECT pg_catalog.pg_extension_config_dump('@extschema@.users', '');
SELECT pg_catalog.pg_extension_config_dump(
  pg_catalog.pg_get_serial_sequence('@extschema@.users', 'id')::regclass, '');
-- Sessions: one row a login, from the login to its end. Access tokens name the row (claim sid), refresh
-- tokens (auth.refresh_tokens) belong to it.
--
-- 1. A session is live when is_active AND expires_at > now. Nothing else makes a token good, nothing has to
--    be written for a session to run out.
-- 2. An ended session says when and why, and never becomes active again.
-- 3. expires_at only moves forward, and never past created_at + session_maximum_seconds.
-- 4. The C++ code reads id, user_id, is_active and expires_at by name and type; those do not change.

CREATE TABLE @extschema@.sessions (
  id uuid PRIMARY KEY,
  user_id bigint NOT NULL REFERENCES @extschema@.users ON DELETE CASCADE,
  aal text NOT NULL DEFAULT 'aal1',
  ip_address inet,
  user_agent text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  is_active boolean NOT NULL DEFAULT true,
  ended_at timestamptz,
  end_reason text,
  CONSTRAINT sessions_aal_known CHECK (aal IN ('aal1', 'aal2')),
  CONSTRAINT sessions_end_complete CHECK (
    is_active = (ended_at IS NULL) AND is_active = (end_reason IS NULL)),
  CONSTRAINT sessions_end_reason_known CHECK (
    end_reason IN ('logout', 'logout_all', 'revoked', 'refresh_token_reused', 'password_changed'))
);

-- Serves the foreign key, the list of a user's sessions, and the purge of those long expired.
CREATE INDEX sessions_user_id_expires_at_idx ON @extschema@.sessions (user_id, expires_at);

COMMENT ON TABLE @extschema@.sessions IS
  'One row a login. Live while is_active and expires_at is in the future.';
COMMENT ON COLUMN @extschema@.sessions.aal IS
  'Authentication assurance level reached at login (NIST SP 800-63B): aal1 one factor, aal2 two.';
COMMENT ON COLUMN @extschema@.sessions.ip_address IS 'The client''s address at login.';
COMMENT ON COLUMN @extschema@.sessions.expires_at IS
  'End of the idle life; refresh and extend_session move it forward.';
COMMENT ON COLUMN @extschema@.sessions.end_reason IS
  'logout, logout_all, revoked (by its owner), refresh_token_reused (theft suspected) or password_changed.';

SELECT pg_catalog.pg_extension_config_dump('@extschema@.sessions', '');
-- User activity: the trail of what happened to accounts, for the user and the auditor.
--
-- 1. Rows are only added; nothing updates them.
-- 2. No secret and nothing that a stranger typed: a password entered as the e-mail address must not end up
--    here.
-- 3. user_id is NULL for a failed login with an unknown e-mail address.

CREATE TABLE @extschema@.user_activity (
  id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  user_id bigint REFERENCES @extschema@.users ON DELETE CASCADE,
  action text NOT NULL,
  ip_address inet,
  user_agent text,
  "timestamp" timestamptz NOT NULL DEFAULT clock_timestamp(),
  details jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT user_activity_action_form CHECK (action ~ '^[a-z][a-z0-9_]{0,62}$')
);

CREATE INDEX user_activity_user_id_timestamp_idx ON @extschema@.user_activity (user_id, "timestamp");
CREATE INDEX user_activity_timestamp_idx ON @extschema@.user_activity USING brin ("timestamp");

COMMENT ON TABLE @extschema@.user_activity IS
  'Append-only trail of logins, refusals, session ends and changes.';
COMMENT ON COLUMN @extschema@.user_activity.action IS
  'What happened: user_registered, registration_repeated, superuser_created, login, login_failed, logout, '
  'logout_all, session_revoked, session_extended, refresh_token_reused, password_changed, '
  'password_change_failed; of role administration: organization_created and the like, with by_right in details.';
COMMENT ON COLUMN @extschema@.user_activity."timestamp" IS
  'When it happened; created_at is the transaction''s start.';

SELECT pg_catalog.pg_extension_config_dump('@extschema@.user_activity', '');
SELECT pg_catalog.pg_extension_config_dump(
  pg_catalog.pg_get_serial_sequence('@extschema@.user_activity', 'id')::regclass, '');
-- MFA verifications: devices on which a user has passed a second factor and that are trusted until
-- expires_at.
--
-- 1. One row a user and device; a new verification moves its times forward.
-- 2. The fingerprint is a SHA-256 in hexadecimal; the IP address is stored as its network (/24, /64).

CREATE TABLE @extschema@.mfa_verifications (
  id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  user_id bigint NOT NULL REFERENCES @extschema@.users ON DELETE CASCADE,
  device_fingerprint text NOT NULL,
  ip_address inet,
  user_agent text,
  verified_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  mfa_method text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT mfa_verifications_user_id_device_fingerprint_key UNIQUE (user_id, device_fingerprint),
  CONSTRAINT mfa_verifications_device_fingerprint_form CHECK (device_fingerprint ~ '^[0-9a-f]{64}$'),
  CONSTRAINT mfa_verifications_mfa_method_known CHECK (mfa_method IN ('totp', 'sms', 'email', 'biometric')),
  CONSTRAINT mfa_verifications_expiry_later CHECK (expires_at > verified_at)
);

CREATE INDEX mfa_verifications_expires_at_idx ON @extschema@.mfa_verifications (expires_at);

COMMENT ON TABLE @extschema@.mfa_verifications IS
  'Devices that a user has verified with a second factor, until expires_at.';
COMMENT ON COLUMN @extschema@.mfa_verifications.device_fingerprint IS 'SHA-256 in lower-case hexadecimal.';

SELECT pg_catalog.pg_extension_config_dump('@extschema@.mfa_verifications', '');
SELECT pg_catalog.pg_extension_config_dump(
  pg_catalog.pg_get_serial_sequence('@extschema@.mfa_verifications', 'id')::regclass, '');
-- Device fingerprints: devices that a user has registered for biometric unlock, each with its public key.
--
-- 1. A device is registered once a user. Two users may register the same device: its name is no secret, and a
--    uniqueness over all users would let one block, or find out about, another.
-- 2. Only public keys are stored.

CREATE TABLE @extschema@.device_fingerprints (
  id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  user_id bigint NOT NULL REFERENCES @extschema@.users ON DELETE CASCADE,
  device_fingerprint text NOT NULL,
  device_name text NOT NULL,
  device_model text,
  public_key text NOT NULL,
  is_active boolean NOT NULL DEFAULT true,
  last_used_at timestamptz,
  ip_address_at_registration inet,
  user_agent_at_registration text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT device_fingerprints_user_id_device_fingerprint_key UNIQUE (user_id, device_fingerprint),
  CONSTRAINT device_fingerprints_device_fingerprint_length
    CHECK (char_length(device_fingerprint) BETWEEN 1 AND 255),
  CONSTRAINT device_fingerprints_device_name_length CHECK (char_length(device_name) BETWEEN 1 AND 255),
  CONSTRAINT device_fingerprints_device_model_length CHECK (char_length(device_model) BETWEEN 1 AND 255),
  CONSTRAINT device_fingerprints_public_key_present CHECK (public_key <> '')
);

COMMENT ON TABLE @extschema@.device_fingerprints IS
  'Devices registered for biometric unlock, with their public keys.';

SELECT pg_catalog.pg_extension_config_dump('@extschema@.device_fingerprints', '');
SELECT pg_catalog.pg_extension_config_dump(
  pg_catalog.pg_get_serial_sequence('@extschema@.device_fingerprints', 'id')::regclass, '');
-- Organizations: the tenants, and the top of the hierarchy organization > account > project.
--
-- 1. Names are unique over the database.

CREATE TABLE @extschema@.organizations (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name text NOT NULL CONSTRAINT organizations_name_key UNIQUE,
  description text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT organizations_name_length CHECK (char_length(name) BETWEEN 1 AND 255)
);

COMMENT ON TABLE @extschema@.organizations IS
  'Tenants: the top of the hierarchy organization > account > project.';

SELECT pg_catalog.pg_extension_config_dump('@extschema@.organizations', '');
-- Accounts: the middle of the hierarchy, each in exactly one organization.
--
-- 1. (id, organization_id) is unique, so that a project can refer to both and never name an organization that
--    is not its account's.

CREATE TABLE @extschema@.accounts (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  organization_id uuid NOT NULL REFERENCES @extschema@.organizations ON DELETE CASCADE,
  name text NOT NULL,
  description text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT accounts_id_organization_id_key UNIQUE (id, organization_id),
  CONSTRAINT accounts_name_length CHECK (char_length(name) BETWEEN 1 AND 255)
);

CREATE INDEX accounts_organization_id_id_idx ON @extschema@.accounts (organization_id, id);
CREATE INDEX accounts_organization_id_name_idx ON @extschema@.accounts (organization_id, name);

COMMENT ON TABLE @extschema@.accounts IS 'Accounts of an organization; projects belong to an account.';

SELECT pg_catalog.pg_extension_config_dump('@extschema@.accounts', '');
-- Projects: the bottom of the hierarchy, each in exactly one account.
--
-- 1. organization_id repeats the account's, so that a check needs no join; the composite foreign key keeps
--    the two equal, also when an account moves to another organization.

CREATE TABLE @extschema@.projects (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  account_id uuid NOT NULL,
  organization_id uuid NOT NULL,
  name text NOT NULL,
  description text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT projects_account_id_organization_id_fkey FOREIGN KEY (account_id, organization_id)
    REFERENCES @extschema@.accounts (id, organization_id) ON UPDATE CASCADE ON DELETE CASCADE,
  CONSTRAINT projects_name_length CHECK (char_length(name) BETWEEN 1 AND 255)
);

-- id comes last, so that a page of the projects below an account or organization is read in order.
CREATE INDEX projects_account_id_organization_id_id_idx
  ON @extschema@.projects (account_id, organization_id, id);
CREATE INDEX projects_organization_id_id_idx ON @extschema@.projects (organization_id, id);

COMMENT ON TABLE @extschema@.projects IS 'Projects of an account.';
COMMENT ON COLUMN @extschema@.projects.organization_id IS
  'The account''s organization, kept equal by the foreign key.';

SELECT pg_catalog.pg_extension_config_dump('@extschema@.projects', '');
-- Roles: the twelve that every installation has, one a base type and scope, and an operator's own. A role of an
-- operator's own is as strong as its base type wherever a level is asked for, and allows the actions of its
-- permissions wherever an action is.
--
-- 1. (id, base_type, scope_type) is unique, so that an assignment refers to all three and its level and scope cannot
--    differ from its role's.
-- 2. System roles are made here, with ids that are the same everywhere, and never dumped; they have no
--    permissions: what they allow is what auth.role_actions says of their base type.
-- 3. Names are unique over the database.

CREATE TABLE auth.roles (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name text NOT NULL CONSTRAINT roles_name_key UNIQUE,
  description text,
  base_type text NOT NULL,
  scope_type text NOT NULL,
  is_system boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT roles_id_base_type_scope_type_key UNIQUE (id, base_type, scope_type),
  CONSTRAINT roles_name_length CHECK (char_length(name) BETWEEN 1 AND 100),
  CONSTRAINT roles_description_length CHECK (char_length(description) <= 500),
  CONSTRAINT roles_base_type_known CHECK (base_type IN ('superadmin', 'admin', 'editor', 'viewer')),
  CONSTRAINT roles_scope_type_known CHECK (scope_type IN ('organization', 'account', 'project'))
);

COMMENT ON TABLE auth.roles IS 'Roles that an assignment can name: the system''s and the operator''s own.';
COMMENT ON COLUMN auth.roles.base_type IS 'How strong it is: superadmin, admin, editor or viewer.';
COMMENT ON COLUMN auth.roles.scope_type IS 'What it is assigned on: organization, account or project.';
COMMENT ON COLUMN auth.roles.is_system IS 'Made by the extension; cannot be changed.';

CREATE TABLE auth.role_permissions (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  role_id uuid NOT NULL REFERENCES auth.roles ON DELETE CASCADE,
  service_name text NOT NULL,
  allowed_actions text[] NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT role_permissions_role_id_service_name_key UNIQUE (role_id, service_name),
  CONSTRAINT role_permissions_service_name_length CHECK (char_length(service_name) BETWEEN 1 AND 100),
  CONSTRAINT role_permissions_allowed_actions_not_null CHECK (array_position(allowed_actions, NULL) IS NULL)
);

COMMENT ON TABLE auth.role_permissions IS
  'What a role of the operator''s own allows in one service. A role without any allows what its base type does.';
COMMENT ON COLUMN auth.role_permissions.allowed_actions IS 'Actions; * stands for every one.';

INSERT INTO auth.roles (id, name, description, base_type, scope_type, is_system)
SELECT pg_catalog.format('00000000-0000-4000-8000-0000000000%s%s', scope.place, base.place)::uuid,
       pg_catalog.initcap(scope.name) || ' ' || base.name, NULL, base.name, scope.name, true
  FROM pg_catalog.unnest(ARRAY['organization', 'account', 'project']) WITH ORDINALITY AS scope (name, place)
 CROSS JOIN pg_catalog.unnest(ARRAY['superadmin', 'admin', 'editor', 'viewer']) WITH ORDINALITY AS base (name, place);

SELECT pg_catalog.pg_extension_config_dump('auth.roles', 'WHERE NOT is_system');
SELECT pg_catalog.pg_extension_config_dump('auth.role_permissions', '');
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
-- Password hashes, apart from users, so that no error about a user can print one.
--
-- 1. At most one hash a user, in PHC string form ($argon2id$v=19$m=…,t=…,p=…$salt$hash), made by
--    auth.hash_password.
-- 2. No CHECK on password_hash: its violation would print the hash. Only functions write it.

CREATE TABLE auth.password_hashes (
  user_id bigint PRIMARY KEY REFERENCES @extschema@.users ON DELETE CASCADE,
  password_hash text NOT NULL,
  changed_at timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE auth.password_hashes IS 'Argon2id hashes of the users'' passwords.';
COMMENT ON COLUMN auth.password_hashes.changed_at IS
  'When the password was chosen; a rehash with newer parameters leaves it.';

SELECT pg_catalog.pg_extension_config_dump('auth.password_hashes', '');
-- Refresh tokens: the chain of tokens of each session, newest unrotated.
--
-- 1. Only the SHA-256 of a token is stored. The tokens have 256 random bits, so a plain hash cannot be
--    guessed.
-- 2. A token is rotated at most once; it then knows its successor's hash, and holds the successor encrypted
--    under the rotated token itself (auth.seal_with_token), which only whoever presents that token can open.
--    That is what a retry within refresh_grace_seconds gets back.
-- 3. At most one token of a session is unrotated.
-- 4. successor_hash has no foreign key: the successor is inserted after, and old tokens are purged.

CREATE TABLE auth.refresh_tokens (
  token_hash bytea PRIMARY KEY,
  session_id uuid NOT NULL REFERENCES @extschema@.sessions ON DELETE CASCADE,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  rotated_at timestamptz,
  successor_hash bytea,
  sealed_successor bytea,
  CONSTRAINT refresh_tokens_token_hash_length CHECK (octet_length(token_hash) = 32),
  CONSTRAINT refresh_tokens_successor_complete CHECK (
    (rotated_at IS NULL) = (successor_hash IS NULL) AND (rotated_at IS NULL) = (sealed_successor IS NULL))
);

CREATE INDEX refresh_tokens_session_id_rotated_at_idx ON auth.refresh_tokens (session_id, rotated_at);
CREATE UNIQUE INDEX refresh_tokens_session_id_unrotated_key ON auth.refresh_tokens (session_id)
  WHERE rotated_at IS NULL;

COMMENT ON TABLE auth.refresh_tokens IS
  'SHA-256 of every refresh token, rotated ones for a day to detect their reuse.';
COMMENT ON COLUMN auth.refresh_tokens.token_hash IS 'SHA-256 of the token''s ASCII form.';
COMMENT ON COLUMN auth.refresh_tokens.sealed_successor IS
  'The successor token, AES-256-GCM under a key derived from this row''s own token (which is not stored).';

SELECT pg_catalog.pg_extension_config_dump('auth.refresh_tokens', '');
-- Login attempts: consecutive failures an e-mail address, and the lock that follows.
--
-- 1. Keyed by the SHA-256 of the normalised address, for known and unknown addresses alike: both cost the
--    same, both lock the same, and what strangers typed is not stored in the clear.
-- 2. A row goes when a login succeeds, or a week after the last failure.

CREATE TABLE auth.login_attempts (
  email_hash bytea PRIMARY KEY,
  failed_attempts integer NOT NULL,
  locked_until timestamptz,
  updated_at timestamptz NOT NULL,
  CONSTRAINT login_attempts_email_hash_length CHECK (octet_length(email_hash) = 32),
  CONSTRAINT login_attempts_failed_attempts_positive CHECK (failed_attempts > 0)
);

CREATE INDEX login_attempts_updated_at_idx ON auth.login_attempts (updated_at);

COMMENT ON TABLE auth.login_attempts IS
  'Consecutive failed password checks by SHA-256 of the e-mail address.';
COMMENT ON COLUMN auth.login_attempts.updated_at IS 'Time of the last failure.';

SELECT pg_catalog.pg_extension_config_dump('auth.login_attempts', '');
-- Signing keys of the access tokens: one that signs, and retired ones that still verify.
--
-- 1. At most one key is not retired: that one signs.
-- 2. A retired key verifies until verify_until, when every token that it signed has expired.
-- 3. Private keys are encrypted (AES-256-GCM) under the key file that auth_api.key_file names, with kid as
--    additional data; a dump or a standby's disk without that file signs nothing.
-- 4. kid is the RFC 7638 thumbprint of the public key, so a kid can never come to name another key.

CREATE TABLE auth.signing_keys (
  kid text PRIMARY KEY,
  algorithm text NOT NULL DEFAULT 'ES256',
  public_jwk jsonb NOT NULL,
  sealed_private_key bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  retired_at timestamptz,
  verify_until timestamptz,
  CONSTRAINT signing_keys_algorithm_known CHECK (algorithm = 'ES256'),
  CONSTRAINT signing_keys_retirement_complete CHECK ((retired_at IS NULL) = (verify_until IS NULL))
);

CREATE UNIQUE INDEX signing_keys_one_active_key ON auth.signing_keys (algorithm) WHERE retired_at IS NULL;

COMMENT ON TABLE auth.signing_keys IS 'Keys that sign and verify access tokens; private halves encrypted.';
COMMENT ON COLUMN auth.signing_keys.public_jwk IS
  'The public key as JWK (RFC 7517), as auth.jwks() publishes it.';

SELECT pg_catalog.pg_extension_config_dump('auth.signing_keys', '');
-- Settings: what an operator has changed. Names, types, ranges and defaults are in the view
-- auth.setting_definitions.
--
-- 1. A row is an override; a setting without a row has its default.
-- 2. Whoever writes, a trigger checks the value against the definition (sql/functions/01-settings.sql).

CREATE TABLE auth.settings (
  name text PRIMARY KEY,
  value text NOT NULL
);

COMMENT ON TABLE auth.settings IS
  'Settings that differ from their defaults. Change them with auth.set_setting.';

SELECT pg_catalog.pg_extension_config_dump('auth.settings', '');
-- Routes: the HTTP surface, one row an endpoint. The gateway reads them through auth.list_routes() and has no
-- endpoint of its own.
--
-- 1. builtin rows are the extension's and are written anew by every update (sql/routes.sql); the others are
--    the operator's, and only those are dumped.
-- 2. function is a qualified name, not an OID, which pg_upgrade would not keep; it must not be overloaded.

CREATE TABLE auth.routes (
  method text NOT NULL,
  path text NOT NULL,
  function text NOT NULL,
  success_status integer NOT NULL DEFAULT 200,
  lane text NOT NULL,
  max_body_bytes integer NOT NULL DEFAULT 65536,
  summary text NOT NULL,
  builtin boolean NOT NULL DEFAULT false,
  PRIMARY KEY (method, path),
  CONSTRAINT routes_method_known CHECK (method IN ('GET', 'POST', 'PUT', 'PATCH', 'DELETE')),
  CONSTRAINT routes_path_form CHECK (
    path ~ '^(/|(/([A-Za-z0-9._~-]+|\{[a-z][a-z0-9_]*\}))+)$'),
  CONSTRAINT routes_function_qualified CHECK (function ~ '^[a-z_][a-z0-9_]*\.[a-z_][a-z0-9_]*$'),
  CONSTRAINT routes_success_status_range CHECK (success_status BETWEEN 200 AND 299),
  CONSTRAINT routes_lane_known CHECK (lane IN ('read', 'call', 'hash')),
  CONSTRAINT routes_max_body_bytes_range CHECK (max_body_bytes BETWEEN 0 AND 16777216)
);

COMMENT ON TABLE auth.routes IS 'The HTTP surface: which request calls which function.';
COMMENT ON COLUMN auth.routes.path IS
  'Path pattern; a segment {name} binds the function''s argument of that name.';
COMMENT ON COLUMN auth.routes.function IS
  'Qualified name of a function that returns jsonb, void or auth.http_response.';
COMMENT ON COLUMN auth.routes.success_status IS 'Status of the answer when the function returns jsonb.';
COMMENT ON COLUMN auth.routes.lane IS
  'read: STABLE functions that answer in microseconds; call: others; hash: functions that hash a password.';
COMMENT ON COLUMN auth.routes.max_body_bytes IS 'A longer request body is answered 413.';
COMMENT ON COLUMN auth.routes.builtin IS 'The extension''s own route, written anew by every update.';

SELECT pg_catalog.pg_extension_config_dump('auth.routes', 'WHERE NOT builtin');
