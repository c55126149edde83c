-- The first administrator, and any further one: made by whoever owns the installation, never over HTTP.

CREATE OR REPLACE FUNCTION auth.create_superuser(email text, password text, full_name text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER COST 400000
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  normalised_email text := auth.normalise_email(email);
  normalised_name text := auth.normalise_full_name(full_name);
  added @extschema@.users;
BEGIN
  PERFORM auth.check_password(password, normalised_email, normalised_name);
  added := auth.add_user(normalised_email, password, normalised_name,
                         is_superuser => true, is_verified => true);
  IF added.id IS NULL THEN
    PERFORM auth.refuse(409, 'User with this email already exists');
  END IF;
  PERFORM auth.record_activity(added.id, 'superuser_created',
                               details => jsonb_build_object('created_by', session_user));
  RETURN added.id;
END
$function$;
COMMENT ON FUNCTION auth.create_superuser(text, text, text) IS
$$Creates a verified user with is_superuser and returns the id. Arguments as auth.register's, and the same
password policy. Errors: A0409 when the address is registered already; A0422 when an argument is not
acceptable, saying why. Callers: superusers and the owner of the extension; no route leads here.$$;
