-- E-mail addresses: the one form in which they are stored, compared and counted, and what counts as one.
-- The form is checked, not whether mail arrives: that is what verification is for.

CREATE OR REPLACE FUNCTION auth.normalise_email(email text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 50
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  normalised text;
BEGIN
  IF email IS NULL OR email = '' THEN
    PERFORM auth.refuse(422, 'An e-mail address is required');
  END IF;
  IF octet_length(email) > 1024 THEN  -- Before the work below; the real bound follows it.
    PERFORM auth.refuse(422, 'The e-mail address is too long: at most 254 bytes are allowed');
  END IF;

  -- The root locale of ICU lowers all of Unicode, and the same on every server, whatever the database's
  -- collation.
  normalised := normalize(btrim(email, E' \t\r\n'), NFC);
  normalised := normalize(lower(normalised COLLATE "und-x-icu"), NFC);

  IF octet_length(normalised) > 254 THEN  -- RFC 5321 section 4.5.3.1.3, as corrected by erratum 1690.
    PERFORM auth.refuse(422, 'The e-mail address is too long: at most 254 bytes are allowed');
  END IF;

  -- An RFC 5321 mailbox without quoted strings, comments and address literals, and with RFC 6531's Unicode.
  -- Excluded are controls, blanks, invisible and directional characters (two addresses would look the same)
  -- and specials.
  IF normalised COLLATE "C" !~ (
       '^[^][\u0001-\u0020\u007f-\u00a0\u00ad\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\ufff9-\uffff'
       '@"(),:;<>\\]+'
       '@([a-z0-9\u0080-\U0010ffff]([a-z0-9\u0080-\U0010ffff-]{0,61}[a-z0-9\u0080-\U0010ffff])?\.)+'
       '[a-z0-9\u0080-\U0010ffff]([a-z0-9\u0080-\U0010ffff-]{0,61}[a-z0-9\u0080-\U0010ffff])$')
     OR normalised COLLATE "C" ~ (
       '[\u0080-\u00a0\u00ad\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\ufff9-\uffff]')
     OR normalised COLLATE "C" ~ '(^\.|\.\.|\.@)'
     OR octet_length(split_part(normalised, '@', 1)) > 64 THEN
    PERFORM auth.refuse(422, 'The e-mail address is not valid: it must look like name@example.com');
  END IF;
  RETURN normalised;
END
$function$;
COMMENT ON FUNCTION auth.normalise_email(text) IS
$$Returns an e-mail address in the one form in which it is stored and compared: Unicode normal form C,
trimmed, lower case. email: at most 254 bytes in that form. Errors: A0422 when it is missing, too long or not
an address. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.hash_email(email text) RETURNS bytea
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $function$SELECT pg_catalog.sha256(pg_catalog.convert_to(email, 'UTF8'))$function$;
COMMENT ON FUNCTION auth.hash_email(text) IS
$$Returns the SHA-256 of a normalised e-mail address, the key of auth.login_attempts.
email: as auth.normalise_email returned it. Errors: none. Callers: functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.normalise_full_name(full_name text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 20
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  normalised text;
BEGIN
  IF octet_length(full_name) > 4096 THEN  -- Before the work below; the real bound follows it.
    PERFORM auth.refuse(422, 'The full name is too long: at most 255 characters are allowed');
  END IF;
  normalised := nullif(normalize(btrim(full_name, E' \t\r\n'), NFC), '');
  IF char_length(normalised) > 255 THEN
    PERFORM auth.refuse(422, 'The full name is too long: at most 255 characters are allowed');
  END IF;
  IF normalised COLLATE "C" ~ '[\u0001-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]' THEN
    PERFORM auth.refuse(422, 'The full name must not contain control characters');
  END IF;
  RETURN normalised;
END
$function$;
COMMENT ON FUNCTION auth.normalise_full_name(text) IS
$$Returns a full name in Unicode normal form C and trimmed; NULL when nothing is left. full_name: at most 255
characters, none of them a control. Errors: A0422. Callers: functions of this extension.$$;
