-- Two accounts on PostgreSQL: "novaweb" owns the database and migrates it, and
-- "novaweb_site" runs web and workers: it may add entries to the audit trail, and can
-- neither change or remove one nor touch the triggers. Run it as an administrator in
-- novaweb's database, after the first "manage.py migrate" (docs/audit.md):
--
--     psql --dbname novaweb --set database=novaweb --file postgresql-roles.sql
--
-- It may be run again. Set a password for novaweb_site afterwards (\password).
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'novaweb_site') THEN
    CREATE ROLE novaweb_site LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE;
  END IF;
END $$;

REVOKE TEMPORARY ON DATABASE :database FROM PUBLIC;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO novaweb_site;

-- the tables that are there, and those of later versions
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO novaweb_site;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO novaweb_site;
ALTER DEFAULT PRIVILEGES FOR ROLE novaweb IN SCHEMA public
  GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO novaweb_site;
ALTER DEFAULT PRIVILEGES FOR ROLE novaweb IN SCHEMA public
  GRANT USAGE, SELECT ON SEQUENCES TO novaweb_site;

-- the trail: entries are read and added, the head is read and locked (PostgreSQL asks
-- for a right to UPDATE for that), and what was migrated is read
REVOKE ALL ON migrations_app_auditentry, migrations_app_audithead, django_migrations
  FROM novaweb_site;
GRANT SELECT, INSERT ON migrations_app_auditentry TO novaweb_site;
GRANT SELECT, UPDATE (id) ON migrations_app_audithead TO novaweb_site;
GRANT SELECT ON django_migrations TO novaweb_site;
