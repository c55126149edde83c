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
