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
