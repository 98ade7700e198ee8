-- I-1b: an entry names how many lines its header has; a late pair of entries cannot fit.
ALTER TABLE billing_ledgerentry ADD CONSTRAINT ledger_entry_sealed
  FOREIGN KEY (clinic_id, txn_id, lines) REFERENCES billing_ledgertxn (clinic_id, id, lines)
  DEFERRABLE INITIALLY DEFERRED;

-- I-1: at commit every header has exactly its lines and they sum to 0. No entries seen is an error too:
-- a deferred trigger that runs outside its clinic would otherwise wave everything through.
CREATE FUNCTION public.ledger_check_txn() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  entry_count integer;
  entry_sum numeric;
BEGIN
  SELECT count(*), coalesce(sum(e.amount), 0) INTO entry_count, entry_sum
    FROM public.billing_ledgerentry e
   WHERE e.clinic_id = NEW.clinic_id AND e.txn_id = NEW.id;
  IF entry_count <> NEW.lines THEN
    RAISE EXCEPTION 'ledger transaction % has % of % entries', NEW.key, entry_count, NEW.lines
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_sealed';
  END IF;
  IF entry_sum <> 0 THEN
    RAISE EXCEPTION 'ledger transaction % is out of balance by % cents', NEW.key, entry_sum
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_balanced';
  END IF;
  -- I-6: a reversal is the exact mirror of what it reverses.
  IF NEW.reverses_id IS NOT NULL AND EXISTS (
    SELECT 1 FROM (
      SELECT e.account, e.charge_id, e.patient_id, e.payer_id, e.receipt_id, e.amount AS cents, 1 AS side
        FROM public.billing_ledgerentry e WHERE e.clinic_id = NEW.clinic_id AND e.txn_id = NEW.id
      UNION ALL
      SELECT e.account, e.charge_id, e.patient_id, e.payer_id, e.receipt_id, -e.amount, -1
        FROM public.billing_ledgerentry e WHERE e.clinic_id = NEW.clinic_id AND e.txn_id = NEW.reverses_id
    ) both_sides
    GROUP BY account, charge_id, patient_id, payer_id, receipt_id, cents
    HAVING sum(side) <> 0
  ) THEN
    RAISE EXCEPTION 'ledger transaction % does not mirror the one it reverses', NEW.key
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_mirrors';
  END IF;
  RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER ledger_check AFTER INSERT ON billing_ledgertxn
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.ledger_check_txn();

-- I-5: a receipt knows how much patient credit is left of it. The UPDATE locks the receipt's row and its CHECK
-- refuses what was never received, also when two desks act at once (a summing check could not see the other).
CREATE FUNCTION public.ledger_move_credit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE public.billing_receipt r
     SET unapplied = r.unapplied - moved.cents
    FROM (SELECT n.clinic_id, n.receipt_id, sum(n.amount)::bigint AS cents
            FROM new_entries n
           WHERE n.account = 'patient_credit'
           GROUP BY n.clinic_id, n.receipt_id) moved
   WHERE r.clinic_id = moved.clinic_id AND r.id = moved.receipt_id AND moved.cents <> 0;
  RETURN NULL;
END $$;

CREATE TRIGGER ledger_credit AFTER INSERT ON billing_ledgerentry
  REFERENCING NEW TABLE AS new_entries FOR EACH STATEMENT EXECUTE FUNCTION public.ledger_move_credit();
