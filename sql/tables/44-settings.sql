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
