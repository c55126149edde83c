-- Passwords: the doors to the C++ that hashes and judges them (extension/password.cpp,
-- extension/core/password.hpp).

CREATE OR REPLACE FUNCTION auth.hash_password(password text) RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL SAFE COST 400000
AS 'MODULE_PATHNAME', 'hash_password';
COMMENT ON FUNCTION auth.hash_password(text) IS
$$Hashes a password by Argon2id with a fresh salt and the parameters of setting password_hash_parameters;
about 10 ms and 19 MiB with the default. password: 1 to 1024 bytes, before and after its normalisation to
Unicode NFC; nothing is cut off. Returns a PHC string, NULL for NULL. Errors: 22023 that says what is wrong
with the password; 53200 when the memory is not to be had. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.verify_password(password text, password_hash text) RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 400000
AS 'MODULE_PATHNAME', 'verify_password';
COMMENT ON FUNCTION auth.verify_password(text, text) IS
$$Tells whether the password is the one of the hash, comparing in constant time; about 10 ms. password: as
typed. password_hash: what auth.hash_password returned, with whatever parameters. False, at once, for a hash
that is not Argon2id or a password that is empty or longer than 1024 bytes; NULL for NULL. Errors: 53200
when the memory is not to be had. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.password_hash_is_current(password_hash text) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 20
AS 'MODULE_PATHNAME', 'password_hash_is_current';
COMMENT ON FUNCTION auth.password_hash_is_current(text) IS
$$Tells whether a hash was made with the parameters that setting password_hash_parameters has now; if not, the
password is hashed anew at its next use. password_hash: what auth.hash_password returned; false for anything
else, NULL for NULL. Errors: none. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.check_password_hash_parameters(parameters text) RETURNS void
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1
AS 'MODULE_PATHNAME', 'check_password_hash_parameters';
COMMENT ON FUNCTION auth.check_password_hash_parameters(text) IS
$$Checks a value for setting password_hash_parameters. parameters: 'm=<KiB>,t=<passes>,p=1'. At least what
OWASP ASVS 5.0 appendix C asks for (m 47104 with t=1, 19456 with t=2, 12288 with more), at most m 1048576
and t 10. Errors: 22023 that says what is wrong. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.estimate_password_strength(
  password text, context text[],
  OUT score integer, OUT guesses_log10 double precision, OUT reason text, OUT suggestion text)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 5000
AS 'MODULE_PATHNAME', 'estimate_password_strength';
COMMENT ON FUNCTION auth.estimate_password_strength(text, text[]) IS
$$Estimates by zxcvbn how many guesses find a password. password: at most 1024 bytes, of which the first 100
are looked at closely. context: what is known of its owner, such as e-mail address and name, each also taken
apart into its words; may be NULL. score: 0 to 4, one for each of 10^3, 10^6, 10^8 and 10^10 guesses it
withstands. reason, suggestion: English sentences on what makes it weak and what would help, NULL with score
4. All NULL when the password is NULL. Errors: 22023 for a password that is too long. Callers: functions of
this extension.$$;
