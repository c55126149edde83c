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
