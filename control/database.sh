#!/usr/bin/env bash
# The documented set-up of a database, as an administrator would type it, and brought up to date when it is there
# already. PG* must reach the server as a superuser; AUTH_PASSWORD is the password for auth_user.
set -euo pipefail

# Reads the statements from standard input, so that no password is ever part of a command line.
statements() {
  PGOPTIONS='-c client_min_messages=warning' psql -X -q -At -v ON_ERROR_STOP=1 "$@"
}

statements --dbname=postgres <<'SQL'
\getenv password AUTH_PASSWORD
SELECT NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'auth_user') AS absent \gset
\if :absent
  CREATE USER auth_user WITH PASSWORD :'password';
\else
  ALTER USER auth_user WITH PASSWORD :'password';
\endif
ALTER ROLE auth_user SET log_parameter_max_length = 0;  -- parameters carry passwords and tokens
SELECT NOT EXISTS (SELECT FROM pg_database WHERE datname = 'auth_db') AS absent \gset
\if :absent
  CREATE DATABASE auth_db;
\endif
GRANT ALL PRIVILEGES ON DATABASE auth_db TO auth_user;
\connect auth_db
GRANT ALL ON SCHEMA public TO auth_user;
SQL

# From here on nobody needs to be a superuser: the extension is trusted.
PGHOST=127.0.0.1 PGPASSWORD=$AUTH_PASSWORD statements --username=auth_user --dbname=auth_db <<'SQL'
SELECT NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'auth_api') AS absent \gset
\if :absent
  CREATE EXTENSION auth_api;
\else
  ALTER EXTENSION auth_api UPDATE;  -- does nothing when it is up to date
\endif
SQL
