-- The one way in which a row gets into user_activity.

CREATE OR REPLACE FUNCTION auth.record_activity(
  user_id bigint, action text,
  ip_address inet DEFAULT NULL, user_agent text DEFAULT NULL, details jsonb DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  INSERT INTO @extschema@.user_activity (user_id, action, ip_address, user_agent, details)
  VALUES (user_id, action, ip_address, left(user_agent, 512), details);
END
$function$;
COMMENT ON FUNCTION auth.record_activity(bigint, text, inet, text, jsonb) IS
$$Adds a row to user_activity. user_id: NULL when the user is unknown. action: lower_case word. ip_address,
user_agent: the client's, the latter cut at 512 characters. details: JSON, never a secret. Errors: none of its
own. Callers: functions of this extension.$$;
