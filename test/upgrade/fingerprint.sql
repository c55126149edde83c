-- Everything that makes one database's schema differ from another's: one row an object or a property of it,
-- in an order that depends on names alone. Two databases are equal when their rows are. Covers the whole
-- database, so that an object that a script left behind shows too.
--
-- Not compared: OIDs, column numbers (a dropped column leaves a gap), and the name of the role that owns the
-- extension, which is the installer's choice and appears as <installer>.
WITH schemas AS (
  SELECT oid, nspname, nspowner, nspacl FROM pg_namespace
  WHERE nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND nspname NOT LIKE 'pg\_%temp\_%'
),
relations AS (
  SELECT c.*, c.oid::regclass::text AS name FROM pg_class c JOIN schemas n ON n.oid = c.relnamespace
),
functions AS (
  SELECT p.*, p.oid::regprocedure::text AS name FROM pg_proc p JOIN schemas n ON n.oid = p.pronamespace
),
extension AS (SELECT * FROM pg_extension WHERE extname = 'auth_api'),
privileges (kind, name, acl) AS (
  SELECT 'schema', nspname::text, coalesce(nspacl, acldefault('n', nspowner)) FROM schemas
  UNION ALL
  SELECT 'relation', name, coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's'::"char" ELSE 'r' END, relowner))
  FROM relations WHERE relkind IN ('r', 'p', 'v', 'm', 'S')
  UNION ALL
  SELECT 'column', name || '.' || attname, attacl FROM relations JOIN pg_attribute ON attrelid = relations.oid
  WHERE attacl IS NOT NULL
  UNION ALL
  SELECT 'function', name, coalesce(proacl, acldefault('f', proowner)) FROM functions
  UNION ALL
  SELECT 'type', t.oid::regtype::text, coalesce(typacl, acldefault('T', typowner))
  FROM pg_type t JOIN schemas n ON n.oid = typnamespace WHERE typelem = 0
  UNION ALL
  SELECT 'initial', pg_describe_object(classoid, objoid, objsubid), initprivs
  FROM pg_init_privs, extension
  WHERE EXISTS (SELECT FROM pg_depend d WHERE d.classid = classoid AND d.objid = objoid AND d.deptype = 'e'
                  AND d.refclassid = 'pg_extension'::regclass AND d.refobjid = extension.oid)
),
facts (kind, object, fact) AS (
  SELECT 'extension', extname::text, format('version %s in %s', extversion, extnamespace::regnamespace) FROM extension
  UNION ALL
  SELECT 'extension member', pg_describe_object(classid, objid, objsubid), ''
  FROM pg_depend, extension
  WHERE deptype = 'e' AND refclassid = 'pg_extension'::regclass AND refobjid = extension.oid
  UNION ALL
  SELECT 'dumped with its rows', relation::regclass::text, condition
  FROM extension, unnest(extconfig, extcondition) AS configuration (relation, condition)
  UNION ALL
  SELECT 'schema', nspname::text, 'owner ' || nspowner::regrole FROM schemas
  UNION ALL
  SELECT 'relation', name, format('%s, owner %s, %s, options %s, row security %s %s', relkind, relowner::regrole,
                                  relpersistence, reloptions, relrowsecurity, relforcerowsecurity)
  FROM relations
  UNION ALL
  SELECT 'column', relations.name || '.' || attname,
         format('%s. %s %s %s default %s identity %s generated %s storage %s',
                row_number() OVER (PARTITION BY attrelid ORDER BY attnum), format_type(atttypid, atttypmod),
                CASE WHEN attnotnull THEN 'not null' END, nullif(attcollation, 0)::regcollation,
                pg_get_expr(adbin, adrelid), attidentity, attgenerated, attstorage)
  FROM relations JOIN pg_attribute ON attrelid = relations.oid
  LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
  WHERE attnum > 0 AND NOT attisdropped AND relkind <> 'i'
  UNION ALL
  SELECT 'constraint', conrelid::regclass || ': ' || conname,
         format('%s, validated %s', pg_get_constraintdef(c.oid), convalidated)
  FROM pg_constraint c JOIN schemas n ON n.oid = connamespace WHERE conrelid <> 0
  UNION ALL
  SELECT 'index', name, format('%s, valid %s', pg_get_indexdef(indexrelid), indisvalid)
  FROM relations JOIN pg_index ON indexrelid = relations.oid
  UNION ALL
  SELECT 'view', name, pg_get_viewdef(oid) FROM relations WHERE relkind IN ('v', 'm')
  UNION ALL
  SELECT 'sequence', seqrelid::regclass::text,
         format('%s from %s by %s in %s..%s cache %s cycle %s', seqtypid::regtype, seqstart, seqincrement, seqmin, seqmax,
                seqcache, seqcycle)
  FROM pg_sequence JOIN relations ON relations.oid = seqrelid
  UNION ALL
  SELECT 'trigger', tgrelid::regclass || ': ' || tgname, format('%s, enabled %s', pg_get_triggerdef(t.oid), tgenabled)
  FROM pg_trigger t JOIN relations ON relations.oid = tgrelid WHERE NOT tgisinternal
  UNION ALL
  SELECT 'policy', polrelid::regclass || ': ' || polname,
         format('%s %s %s using %s check %s', polcmd, polpermissive, polroles::regrole[],
                pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
  FROM pg_policy
  UNION ALL
  SELECT 'function', name, 'owner ' || proowner::regrole || E'\n' || pg_get_functiondef(oid)
  FROM functions WHERE prokind IN ('f', 'p')
  UNION ALL
  SELECT 'type', t.oid::regtype::text,
         format('%s, owner %s, base %s, not null %s, default %s, labels %s', typtype, typowner::regrole,
                format_type(typbasetype, typtypmod), typnotnull, typdefault,
                (SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid))
  FROM pg_type t JOIN schemas n ON n.oid = typnamespace
  UNION ALL
  SELECT 'privilege', kind || ' ' || name,
         format('%s by %s to %s%s', privilege_type, grantor::regrole,
                CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END,
                CASE WHEN is_grantable THEN ' with grant option' END)
  FROM privileges, LATERAL aclexplode(acl)
  UNION ALL
  SELECT 'comment', pg_describe_object(classoid, objoid, objsubid), description
  FROM pg_description JOIN (
    SELECT 'pg_class'::regclass, oid FROM relations
    UNION ALL SELECT 'pg_proc'::regclass, oid FROM functions
    UNION ALL SELECT 'pg_namespace'::regclass, oid FROM schemas
    UNION ALL SELECT 'pg_type'::regclass, t.oid FROM pg_type t JOIN schemas n ON n.oid = typnamespace
    UNION ALL SELECT 'pg_constraint'::regclass, c.oid FROM pg_constraint c JOIN schemas n ON n.oid = connamespace
    UNION ALL SELECT 'pg_extension'::regclass, oid FROM extension
  ) AS described (class, object) ON classoid = class AND objoid = object
  UNION ALL
  SELECT 'role', rolname::text,
         format('%s %s %s %s %s %s', rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolbypassrls)
  FROM pg_roles WHERE rolname LIKE 'auth\_%' AND NOT rolcanlogin
  UNION ALL
  SELECT 'event trigger', evtname::text, evtevent FROM pg_event_trigger
  UNION ALL
  SELECT 'route', method || ' ' || path, to_jsonb(routes)::text FROM auth.routes
)
SELECT kind, object,
       coalesce(regexp_replace(
         fact, (SELECT format('\m%s\M', rolname) FROM pg_roles, extension WHERE pg_roles.oid = extowner),
         '<installer>', 'g'), '') AS fact
FROM facts
ORDER BY kind COLLATE "C", object COLLATE "C", fact COLLATE "C"
