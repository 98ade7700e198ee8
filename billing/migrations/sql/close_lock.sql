-- Closing or reopening a day takes whole what each posting takes shared (closed_days.sql): it waits for postings
-- under way, and later ones wait for it and then see the day closed.
CREATE FUNCTION public.lock_days(clinic bigint) RETURNS void LANGUAGE sql AS $$
  SELECT pg_advisory_xact_lock(hashtextextended('day|' || clinic, 0));
$$;
