"""How a test's throw-away database is emptied: a function of the superuser that only such databases have.

Rows are deleted with triggers at rest (`session_replication_role`), so that the product's tables need no word
that opens their guards: there append-only is append-only, for the owner as well. Deleting a few rows is many times
faster than TRUNCATE, which makes new files for each table and index; a table that grew is truncated.
"""

from __future__ import annotations

# What the migrations themselves wrote (content types, permissions, code sets) is kept aside and put back.
SQL = """
CREATE SCHEMA kept;
DO $$
DECLARE item record; cols text;
BEGIN
    FOR item IN SELECT oid, relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
        AND relkind = 'r' AND relname <> 'django_migrations' AND pg_relation_size(oid) > 0 ORDER BY oid
    LOOP
        SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO cols FROM pg_attribute
            WHERE attrelid = item.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '';
        EXECUTE format('CREATE TABLE kept.%I AS SELECT %s FROM public.%I', item.relname, cols, item.relname);
    END LOOP;
END $$;

CREATE FUNCTION kept.empty_tables() RETURNS void LANGUAGE plpgsql
    SECURITY DEFINER SET session_replication_role = replica SET search_path = public AS $$
DECLARE item record; small text[] := '{}'; grown text[] := '{}'; cols text;
BEGIN
    FOR item IN SELECT format('public.%I', relname) AS name, pg_relation_size(oid) AS size FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'django_migrations'
        AND pg_relation_size(oid) > 0
    LOOP
        IF item.size > 262144 THEN grown := grown || item.name; ELSE small := small || item.name; END IF;
    END LOOP;
    IF small <> '{}' THEN
        -- Waits for whoever still writes, as TRUNCATE would: a transaction left open shows itself.
        EXECUTE 'LOCK TABLE ' || array_to_string(small, ', ') || ' IN SHARE ROW EXCLUSIVE MODE';
    END IF;
    IF grown <> '{}' THEN
        EXECUTE 'TRUNCATE ' || array_to_string(grown, ', ') || ' CASCADE';
    END IF;
    FOR item IN SELECT unnest(small) AS name LOOP
        EXECUTE 'DELETE FROM ' || item.name;
    END LOOP;
    FOR item IN SELECT oid, relname FROM pg_class WHERE relnamespace = 'kept'::regnamespace
        AND relkind = 'r' ORDER BY oid
    LOOP
        SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO cols FROM pg_attribute
            WHERE attrelid = item.oid AND attnum > 0 AND NOT attisdropped;
        EXECUTE format('INSERT INTO public.%I (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM kept.%I',
            item.relname, cols, cols, item.relname);
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION kept.empty_tables() FROM PUBLIC;
GRANT USAGE ON SCHEMA kept TO app_owner;
GRANT EXECUTE ON FUNCTION kept.empty_tables() TO app_owner;
"""
