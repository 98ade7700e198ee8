"""The allowed moves of a claim as data, and the trigger that refuses any other (I-14)."""

from django.db import migrations

# A copy: a migration never imports the house. A test holds it against claims/lifecycle.py.
MOVES = {
    "new": ["ready", "on_hold", "voided", "superseded"],
    "ready": ["new", "on_hold", "batched", "voided", "superseded"],
    "on_hold": ["new", "ready", "voided", "superseded"],
    "batched": ["submitted", "ready"],
    "submitted": ["acknowledged", "accepted", "rejected", "adjudicated", "superseded"],
    "acknowledged": ["accepted", "rejected", "adjudicated", "superseded"],
    "accepted": ["rejected", "adjudicated", "superseded"],
    "rejected": ["superseded", "adjudicated", "voided"],
    "awaiting_crossover": ["new", "ready", "adjudicated", "voided"],
    "adjudicated": ["closed", "superseded", "void_requested"],
    "closed": ["adjudicated", "superseded", "void_requested"],
    "superseded": ["adjudicated"],
    "void_requested": ["voided", "adjudicated"],
}

GUARD = """
CREATE FUNCTION public.claim_check_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.state IS DISTINCT FROM OLD.state AND NOT EXISTS (
    SELECT 1 FROM public.claims_claimtransition t WHERE t.from_state = OLD.state AND t.to_state = NEW.state
  ) THEN
    RAISE EXCEPTION 'claim % cannot move from % to %', NEW.control_number, OLD.state, NEW.state
      USING ERRCODE = 'check_violation', CONSTRAINT = 'claim_move_allowed';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER claim_move BEFORE UPDATE OF state ON claims_claim
  FOR EACH ROW EXECUTE FUNCTION public.claim_check_move();
REVOKE INSERT, UPDATE, DELETE ON claims_claimtransition FROM app_rw;
"""


def fill(apps, schema_editor):
    """Insert every allowed pair."""
    transition = apps.get_model("claims", "ClaimTransition")
    pairs = [(start, end) for start, ends in MOVES.items() for end in ends]
    transition.objects.bulk_create([transition(from_state=start, to_state=end) for start, end in pairs])


class Migration(migrations.Migration):
    dependencies = [("claims", "0002_wall")]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.RunSQL(GUARD, migrations.RunSQL.noop),
    ]
