-- Role history: the triggers that write it, and what can be asked of it.
--
-- 1. The triggers act once a statement, over all of its rows: a bulk load costs little more, and an update that passes
--    a key from one row to another leaves one entry a key.
-- 2. A row inserted with an old created_at that history already knows is one that a dump brings back; it adds nothing.
-- 3. by_right and reason come from the settings auth.change_right and auth.change_reason, which the administration
--    functions set for the length of one change (auth.explain_change). Whoever may write the tables directly may set
--    the reason as well.

CREATE OR REPLACE FUNCTION auth.record_role_change() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  caller_id bigint := auth.current_user_id();
BEGIN
  CASE TG_OP
    WHEN 'INSERT' THEN
      INSERT INTO auth.role_history (user_id, resource_id, at, resource_type, change,
                                     role, role_id, expires_at, changed_by)
      SELECT a.user_id, a.resource_id, auth.moment_after(last.at), a.resource_type, 'granted',
             a.role, a.role_id, a.expires_at, caller_id
        FROM added AS a
        LEFT JOIN LATERAL auth.role_change_at(a.user_id, a.resource_id, 'infinity') AS last ON true
       WHERE a.created_at >= transaction_timestamp() OR last.change IS NULL OR last.change = 'revoked'
          OR (a.resource_type, a.role, a.role_id, a.expires_at)
             IS DISTINCT FROM (last.resource_type, last.role, last.role_id, last.expires_at);
    WHEN 'UPDATE' THEN
      INSERT INTO auth.role_history (user_id, resource_id, at, resource_type, change,
                                     role, role_id, expires_at, changed_by)
      SELECT key.user_id, key.resource_id, auth.moment_after(last.at), coalesce(a.resource_type, r.resource_type),
             CASE WHEN a.role IS NULL THEN 'revoked' WHEN r.role IS NULL THEN 'granted' ELSE 'changed' END,
             coalesce(a.role, r.role), CASE WHEN a.role IS NULL THEN r.role_id ELSE a.role_id END,
             CASE WHEN a.role IS NULL THEN r.expires_at ELSE a.expires_at END, caller_id
        FROM removed AS r
        FULL JOIN added AS a ON a.user_id = r.user_id AND a.resource_id = r.resource_id
       CROSS JOIN LATERAL (VALUES (coalesce(a.user_id, r.user_id), coalesce(a.resource_id, r.resource_id)))
         AS key (user_id, resource_id)
        LEFT JOIN LATERAL auth.role_change_at(key.user_id, key.resource_id, 'infinity') AS last ON true
       WHERE (a.resource_type, a.role, a.role_id, a.expires_at)
             IS DISTINCT FROM (r.resource_type, r.role, r.role_id, r.expires_at);
    WHEN 'DELETE' THEN
      INSERT INTO auth.role_history (user_id, resource_id, at, resource_type, change,
                                     role, role_id, expires_at, changed_by)
      SELECT r.user_id, r.resource_id, auth.moment_after(last.at), r.resource_type, 'revoked',
             r.role, r.role_id, r.expires_at, caller_id
        FROM removed AS r
        LEFT JOIN LATERAL auth.role_change_at(r.user_id, r.resource_id, 'infinity') AS last ON true;
    WHEN 'TRUNCATE' THEN
      INSERT INTO auth.role_history (user_id, resource_id, at, resource_type, change,
                                     role, role_id, expires_at, changed_by)
      SELECT r.user_id, r.resource_id, auth.moment_after(last.at), r.resource_type, 'revoked',
             r.role, r.role_id, r.expires_at, caller_id
        FROM @extschema@.user_role_assignments AS r
        LEFT JOIN LATERAL auth.role_change_at(r.user_id, r.resource_id, 'infinity') AS last ON true;
  END CASE;
  RETURN NULL;
END
$function$;
COMMENT ON FUNCTION auth.record_role_change() IS
$$Trigger of user_role_assignments: adds each grant, change and revocation to auth.role_history. Errors: none.
Callers: the triggers only.$$;

CREATE OR REPLACE FUNCTION auth.record_belonging_change() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  own_type text := TG_ARGV[0];
  parent text := TG_ARGV[1];  -- The column differs by table; organizations have none.
  caller_id bigint := auth.current_user_id();
BEGIN
  CASE TG_OP
    WHEN 'INSERT' THEN
      INSERT INTO auth.belonging_history (resource_id, at, resource_type, change, parent_id, changed_by)
      SELECT a.id, auth.moment_after(last.at), own_type, 'created', (to_jsonb(a) ->> parent)::uuid, caller_id
        FROM added AS a
        LEFT JOIN LATERAL auth.belonging_change_at(a.id, 'infinity') AS last ON true
       WHERE a.created_at >= transaction_timestamp() OR last.change IS NULL OR last.change = 'deleted'
          OR last.parent_id IS DISTINCT FROM (to_jsonb(a) ->> parent)::uuid;
    WHEN 'UPDATE' THEN
      -- An id may change as well, which is the end of one resource and the beginning of another.
      INSERT INTO auth.belonging_history (resource_id, at, resource_type, change, parent_id, changed_by)
      SELECT coalesce(a.id, r.id), auth.moment_after(last.at), own_type,
             CASE WHEN a.id IS NULL THEN 'deleted' WHEN r.id IS NULL THEN 'created' ELSE 'moved' END,
             (coalesce(to_jsonb(a), to_jsonb(r)) ->> parent)::uuid, caller_id
        FROM removed AS r FULL JOIN added AS a ON a.id = r.id
        LEFT JOIN LATERAL auth.belonging_change_at(coalesce(a.id, r.id), 'infinity') AS last ON true
       WHERE a.id IS NULL OR r.id IS NULL OR to_jsonb(a) ->> parent IS DISTINCT FROM to_jsonb(r) ->> parent;
    WHEN 'DELETE' THEN
      INSERT INTO auth.belonging_history (resource_id, at, resource_type, change, parent_id, changed_by)
      SELECT r.id, auth.moment_after(last.at), own_type, 'deleted', (to_jsonb(r) ->> parent)::uuid, caller_id
        FROM removed AS r
        LEFT JOIN LATERAL auth.belonging_change_at(r.id, 'infinity') AS last ON true;
    WHEN 'TRUNCATE' THEN
      EXECUTE format(
        'INSERT INTO auth.belonging_history (resource_id, at, resource_type, change, parent_id, changed_by) '
        'SELECT r.id, auth.moment_after(last.at), $1, ''deleted'', (to_jsonb(r) ->> $2)::uuid, $3 FROM %s AS r '
        'LEFT JOIN LATERAL auth.belonging_change_at(r.id, ''infinity'') AS last ON true', TG_RELID::regclass)
      USING own_type, parent, caller_id;
  END CASE;
  RETURN NULL;
END
$function$;
COMMENT ON FUNCTION auth.record_belonging_change() IS
$$Trigger of organizations, accounts and projects: adds the beginning, move and end of a resource to
auth.belonging_history. Its arguments: the resource type, and the column of the parent. Errors: none. Callers:
the triggers only.$$;

CREATE OR REPLACE FUNCTION auth.role_change_at(user_id bigint, resource_id uuid, at timestamptz)
RETURNS SETOF auth.role_history
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
AS $function$
  SELECT h.* FROM auth.role_history AS h
   WHERE h.user_id = role_change_at.user_id AND h.resource_id = role_change_at.resource_id
     AND h.at <= role_change_at.at
   ORDER BY h.at DESC LIMIT 1
$function$;
COMMENT ON FUNCTION auth.role_change_at(bigint, uuid, timestamptz) IS
$$Returns the change that was the last one of that user and resource at a moment. Errors: none. Callers:
functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.belonging_change_at(resource_id uuid, at timestamptz)
RETURNS SETOF auth.belonging_history
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
AS $function$
  SELECT h.* FROM auth.belonging_history AS h
   WHERE h.resource_id = belonging_change_at.resource_id AND h.at <= belonging_change_at.at
   ORDER BY h.at DESC LIMIT 1
$function$;
COMMENT ON FUNCTION auth.belonging_change_at(uuid, timestamptz) IS
$$Returns the change that was the last one of that resource's place at a moment. Errors: none. Callers:
functions of this extension.$$;

CREATE OR REPLACE FUNCTION auth.moment_after(at timestamptz) RETURNS timestamptz
LANGUAGE sql VOLATILE
AS $function$SELECT greatest(clock_timestamp(), moment_after.at + interval '1 microsecond')$function$;
COMMENT ON FUNCTION auth.moment_after(timestamptz) IS
$$Returns the clock's time, but later than a moment when the clock was set back since. at: NULL: no such moment.
Errors: none. Callers: functions of this extension.$$;

DO $triggers$
DECLARE
  watched record;
  event record;
BEGIN
  FOR watched IN
    SELECT * FROM (VALUES
      ('user_role_assignments', 'auth.record_role_change()'),
      ('organizations', 'auth.record_belonging_change(''organization'')'),
      ('accounts', 'auth.record_belonging_change(''account'', ''organization_id'')'),
      ('projects', 'auth.record_belonging_change(''project'', ''account_id'')')) AS w (table_name, call)
  LOOP
    FOR event IN
      SELECT * FROM (VALUES
        ('insert', 'AFTER INSERT', 'REFERENCING NEW TABLE AS added'),
        ('update', 'AFTER UPDATE', 'REFERENCING OLD TABLE AS removed NEW TABLE AS added'),
        ('delete', 'AFTER DELETE', 'REFERENCING OLD TABLE AS removed'),
        ('truncate', 'BEFORE TRUNCATE', '')) AS e (name, moment, tables)
    LOOP
      EXECUTE pg_catalog.format(
        'CREATE OR REPLACE TRIGGER history_of_%s %s ON @extschema@.%I %s FOR EACH STATEMENT EXECUTE FUNCTION %s',
        event.name, event.moment, watched.table_name, event.tables, watched.call);
    END LOOP;
  END LOOP;
END
$triggers$;

CREATE OR REPLACE FUNCTION auth.has_role_at(
  user_id bigint, resource_type text, resource_id uuid, role text, at timestamptz)
RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER COST 500
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  needed_level integer := auth.role_level(role);
  place auth.belonging_history;
BEGIN
  IF role IS NOT NULL AND needed_level IS NULL THEN
    RAISE EXCEPTION 'There is no role "%"', left(role, 64) USING ERRCODE = '22023';
  ELSIF resource_type NOT IN ('organization', 'account', 'project') THEN
    RAISE EXCEPTION 'There is no resource type "%"', left(resource_type, 64) USING ERRCODE = '22023';
  END IF;

  -- Upwards from the resource, along the parents that it had then.
  place.resource_type := resource_type;
  place.parent_id := resource_id;
  WHILE place.resource_type IS NOT NULL LOOP
    SELECT h.* INTO place
      FROM auth.belonging_change_at(place.parent_id, has_role_at.at) AS h
     WHERE h.resource_type = place.resource_type AND h.change <> 'deleted';
    IF EXISTS (
        SELECT FROM auth.role_change_at(has_role_at.user_id, place.resource_id, has_role_at.at) AS h
         WHERE h.change <> 'revoked' AND h.resource_type = place.resource_type
           AND (h.expires_at IS NULL OR h.expires_at > has_role_at.at)
           AND auth.role_level(h.role) >= needed_level) THEN
      RETURN true;
    END IF;
    place.resource_type := auth.parent_type(place.resource_type);
  END LOOP;
  RETURN false;
END
$function$;
COMMENT ON FUNCTION auth.has_role_at(bigint, text, uuid, text, timestamptz) IS
$$Tells whether a user held a role, or a stronger one, on a resource or on what it belonged to at a moment, with
expiry and moves as they were then. It speaks of roles held, not of the user's status nor of is_superuser; a
role of the operator's own counts as its base type. resource_type: organization, account or project. role:
superadmin, admin, editor or viewer. at: any moment, to which history is read as it stands now; false before the
first change, for NULLs, and while the resource did not exist. Errors: 22023 for an unknown role or resource
type. Callers: auth_caller; also on a hot standby.$$;

CREATE OR REPLACE FUNCTION auth.list_role_changes(
  user_id bigint DEFAULT NULL, resource_type text DEFAULT NULL, resource_id uuid DEFAULT NULL,
  after text DEFAULT NULL, "limit" integer DEFAULT 100, _access_token text DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER COST 5000
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan  -- Most filters are absent, and each has its index.
AS $function$
DECLARE
  caller_id bigint := auth.require_user(_access_token);
  sees_all boolean := auth.is_superuser(caller_id);
  -- <microseconds since 1970>-<user_id>-<resource_id> of the last row of the page before.
  cursor text[] := regexp_match(after, '^(\d{1,17})-(-?\d{1,18})-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$');
  cursor_at timestamptz := timestamptz 'epoch' + cursor[1]::bigint * interval '1 microsecond';
  cursor_user_id bigint := cursor[2]::bigint;
  cursor_resource_id uuid := cursor[3]::uuid;
  changes jsonb;
  following text;
BEGIN
  PERFORM auth.check_page(0, "limit");
  IF after IS NOT NULL AND cursor IS NULL THEN
    PERFORM auth.refuse(422, 'after: Input should be the member next of the page before');
  END IF;

  SELECT coalesce(jsonb_agg(to_jsonb(page) - ARRAY['place', 'read'] ORDER BY page.place)
                    FILTER (WHERE page.place <= "limit"), '[]'),
         max(format('%s-%s-%s', (extract(epoch FROM page.at) * 1000000)::bigint, page.user_id, page.resource_id))
           FILTER (WHERE page.place = "limit" AND page.place < page.read)
    INTO changes, following
    FROM (SELECT h.*, row_number() OVER (ORDER BY h.at DESC, h.user_id DESC, h.resource_id DESC) AS place,
                 count(*) OVER () AS read
            FROM (SELECT c.* FROM auth.role_history AS c
                   WHERE (list_role_changes.user_id IS NULL OR c.user_id = list_role_changes.user_id)
                     AND (list_role_changes.resource_type IS NULL OR c.resource_type = list_role_changes.resource_type)
                     AND (list_role_changes.resource_id IS NULL OR c.resource_id = list_role_changes.resource_id)
                     AND (after IS NULL
                          OR (c.at, c.user_id, c.resource_id) < (cursor_at, cursor_user_id, cursor_resource_id))
                     AND (sees_all OR c.user_id = caller_id
                          OR c.resource_id IN (SELECT m.resource_id FROM auth.administered_resources(caller_id) AS m))
                   ORDER BY c.at DESC, c.user_id DESC, c.resource_id DESC
                   LIMIT "limit" + 1) AS h) AS page;
  RETURN jsonb_build_object('changes', changes, 'next', following);
END
$function$;
COMMENT ON FUNCTION auth.list_role_changes(bigint, text, uuid, text, integer, text) IS
$$Lists grants, changes and revocations of roles, newest first: changes, a list of at, user_id, resource_type,
resource_id, change (granted, changed, revoked), role, role_id, expires_at, changed_by, session_role, by_right
and reason; next, which names the next page, or null. A superuser sees all; others their own and those on
resources that they administer, which a deleted resource is not. user_id, resource_type, resource_id: only
these; NULL: any. after: next of the page before. limit: 1 to 1000. _access_token: the caller's; NULL: whoever
auth.authenticate named in this transaction. Errors: A0401 when nobody is authenticated; A0422 for a limit or
after that cannot be. Callers: auth_gateway, auth_caller.$$;
