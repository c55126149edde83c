-- What the library knows and SQL does not: the doors to C++ behind auth.doctor (extension/library.cpp,
-- extension/signing_keys.cpp).

CREATE OR REPLACE FUNCTION auth.library_version() RETURNS text
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1
AS 'MODULE_PATHNAME', 'library_version';
COMMENT ON FUNCTION auth.library_version() IS
$$Returns the version that the shared library of this server process was built as. Where it is not the
extension's (pg_extension.extversion), package and database have been updated one without the other. Errors:
none. Callers: functions of this extension, pg_monitor, the owner of the extension.$$;

CREATE OR REPLACE FUNCTION auth.check_key_file(OUT problem text, OUT remedy text)
LANGUAGE c VOLATILE PARALLEL RESTRICTED COST 1000
AS 'MODULE_PATHNAME', 'check_key_file';
COMMENT ON FUNCTION auth.check_key_file() IS
$$Reads the key file that auth_api.key_file names and opens the signing key with it, anew each time. problem:
what is wrong with it, in words that do not name its path; NULL when nothing is. remedy: what to do about it.
Errors: 42501 when the caller may not read auth.signing_keys. Callers: functions of this extension.$$;
