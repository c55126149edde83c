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
