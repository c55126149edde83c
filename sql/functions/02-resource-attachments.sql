-- What is attached to a resource does not outlive it. The resource_id of assignments, overrides and memberships points
-- into three tables, so a trigger does what a foreign key's ON DELETE CASCADE would.

CREATE OR REPLACE FUNCTION auth.remove_resource_attachments() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF TG_OP = 'TRUNCATE' THEN
    DELETE FROM @extschema@.user_role_assignments AS a WHERE a.resource_type = TG_ARGV[0];
    DELETE FROM auth.permission_overrides AS o WHERE o.resource_type = TG_ARGV[0];
    DELETE FROM auth.user_group_memberships AS m WHERE m.resource_type = TG_ARGV[0];
  ELSE
    DELETE FROM @extschema@.user_role_assignments AS a WHERE a.resource_id = OLD.id;
    DELETE FROM auth.permission_overrides AS o WHERE o.resource_id = OLD.id;
    DELETE FROM auth.user_group_memberships AS m WHERE m.resource_id = OLD.id;
  END IF;
  RETURN NULL;
END
$function$;
COMMENT ON FUNCTION auth.remove_resource_attachments() IS
$$Trigger of organizations, accounts and projects: removes the role assignments, permission overrides and group
memberships of a deleted row, or of all when the table is emptied. Errors: none. Callers: the triggers only.$$;

CREATE OR REPLACE TRIGGER remove_attachments AFTER DELETE ON @extschema@.organizations
  FOR EACH ROW EXECUTE FUNCTION auth.remove_resource_attachments();
CREATE OR REPLACE TRIGGER remove_attachments AFTER DELETE ON @extschema@.accounts
  FOR EACH ROW EXECUTE FUNCTION auth.remove_resource_attachments();
CREATE OR REPLACE TRIGGER remove_attachments AFTER DELETE ON @extschema@.projects
  FOR EACH ROW EXECUTE FUNCTION auth.remove_resource_attachments();
CREATE OR REPLACE TRIGGER remove_all_attachments AFTER TRUNCATE ON @extschema@.organizations
  FOR EACH STATEMENT EXECUTE FUNCTION auth.remove_resource_attachments('organization');
CREATE OR REPLACE TRIGGER remove_all_attachments AFTER TRUNCATE ON @extschema@.accounts
  FOR EACH STATEMENT EXECUTE FUNCTION auth.remove_resource_attachments('account');
CREATE OR REPLACE TRIGGER remove_all_attachments AFTER TRUNCATE ON @extschema@.projects
  FOR EACH STATEMENT EXECUTE FUNCTION auth.remove_resource_attachments('project');
