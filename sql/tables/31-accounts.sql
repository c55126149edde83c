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
