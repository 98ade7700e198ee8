-- I-24: nothing is posted on a closed day. Posting takes the clinic's lock shared, closing takes it whole, so
-- that no transaction slips in between. billing/ledger.py moves what comes late to the next open day itself.
CREATE FUNCTION public.ledger_day_is_open() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(hashtextextended('day|' || NEW.clinic_id, 0));
  IF EXISTS (SELECT 1 FROM public.billing_dayclose d
              WHERE d.clinic_id = NEW.clinic_id AND d.reopened_at IS NULL AND d.day >= NEW.posted_on) THEN
    RAISE EXCEPTION 'the books of % are closed', NEW.posted_on
      USING ERRCODE = 'check_violation', CONSTRAINT = 'day_is_open';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER day_is_open BEFORE INSERT ON billing_ledgertxn
  FOR EACH ROW EXECUTE FUNCTION public.ledger_day_is_open();
