-- Prints docs/settings.md: every setting of the extension with its default and its range.
\pset format unaligned
\pset tuples_only on
SELECT $$# Settings of the extension

From `auth.setting_definitions` (`make docs` writes this page, `make test` compares it). Read one with
`SELECT auth.setting('name')`; change one as a superuser or a member of `auth_owner`:

```sql
SELECT auth.set_setting('access_token_seconds', '600');
SELECT auth.set_setting('access_token_seconds', NULL);  -- back to the default
```

A change acts on the next statement of every backend. `auth_api.key_file`, the one configuration parameter of the
server, is described in `keys-and-backups.md`; the gateway's environment in `gateway.md`.

| setting | type | default | from | to | |
|---|---|---|---|---|---|$$;
SELECT format('| `%s` | %s | `%s` | %s | %s | %s |', name, type, default_value, coalesce(minimum::text, '–'),
              coalesce(maximum::text, '–'), description)
  FROM auth.setting_definitions
 ORDER BY name COLLATE "C";
