-- Role assignments do not outlive the resource they are on. user_role_assignments.resource_id points into
-- three tables, so a trigger does what a foreign key's ON DELETE CASCADE would.

CREATE OR REPLACE FUNCTION auth.remove_resource_assignments() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  DELETE FROM @extschema@.user_role_assignments AS a WHERE a.resource_id = OLD.id;
  RETURN NULL;
END
$function$;
COMMENT ON FUNCTION auth.remove_resource_assignments() IS
$$Trigger of organizations, accounts and projects: removes the role assignments of a deleted row.
Errors: none. Callers: the triggers only.$$;

CREATE OR REPLACE TRIGGER remove_assignments AFTER DELETE ON @extschema@.organizations
  FOR EACH ROW EXECUTE FUNCTION auth.remove_resource_assignments();
CREATE OR REPLACE TRIGGER remove_assignments AFTER DELETE ON @extschema@.accounts
  FOR EACH ROW EXECUTE FUNCTION auth.remove_resource_assignments();
CREATE OR REPLACE TRIGGER remove_assignments AFTER DELETE ON @extschema@.projects
  FOR EACH ROW EXECUTE FUNCTION auth.remove_resource_assignments();
