"""Register the demo's patients with their cards and profiles, through the front desk's own functions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from random import Random

from desk.demo.catalogue import PATIENTS
from desk.demo.world import DemoClinic
from insurance import policies, profile_edits
from insurance.profile_edits import LayerSpec
from patients.models import Patient
from patients.registration import register

STREETS = ("Oak Lane", "Cedar Court", "Prairie Road", "Hill Street", "Walnut Avenue")
MBI_LETTERS = "ACDEFGHJKMNPQRTUVWXY"  # without S L O I B Z


@dataclass(frozen=True, slots=True)
class DemoPatient:
    """A patient and how the clearinghouse will answer for them."""

    patient: Patient
    payer_ids: tuple[str, ...]
    scenario: str


def register_all(demo: DemoClinic, today: date, random: Random) -> list[DemoPatient]:
    """Everybody of the catalogue in the open clinic; the second clinic sees only some of the names again."""
    rows = PATIENTS if demo.facts.slug == "alder" else PATIENTS[::-1][:14]
    return [_register(demo, row, number, today, random) for number, row in enumerate(rows, start=1)]


def member_id(payer_id: str, scenario: str, number: int, random: Random) -> str:
    """A card's number: the sandbox reads its scenario from the front of it; Medicare's has a form of its own."""
    if payer_id == "MEDB1":
        letters = [random.choice(MBI_LETTERS) for _ in range(6)]
        return f"1{letters[0]}{letters[1]}4{letters[2]}{letters[3]}5{letters[4]}{letters[5]}{number:02d}"
    return f"{scenario or 'W'}{random.randint(10000, 99999)}{number:02d}"


def _register(
    demo: DemoClinic,
    row: tuple[str, str, str, int, tuple[str, ...], str],
    number: int,
    today: date,
    random: Random,
) -> DemoPatient:
    last, first, sex, born, payer_ids, scenario = row
    patient = register(
        {
            "first_name": first,
            "last_name": last,
            "sex": sex,
            "birth_date": date(born, random.randint(1, 12), random.randint(1, 28)),
            "phone": f"217555{1000 + number:04d}",
            "street": f"{random.randint(10, 990)} {random.choice(STREETS)}",
            "city": "Springfield",
            "state": "IL",
            "zip_code": f"62702{1000 + number:04d}",
            "reason": demo.facts.diagnoses[0][1],
        },
        today=today,
        allow_duplicate=True,
    )
    layers = []
    for place, payer_id in enumerate(payer_ids):
        payer = demo.payers[payer_id]
        card = {
            "payer": payer,
            "plan": payer.plans.first(),
            "member_id": member_id(payer_id, scenario if place == 0 else "", number, random),
            "relationship": "18",
            "effective_on": date(today.year - 1, 1, 1),
        }
        layers.append(LayerSpec(policies.add_policy(patient, card, today=today)))
    if layers:
        name = " + ".join(demo.payers[payer_id].name for payer_id in payer_ids)
        profile_edits.create_profile(patient, name=name[:60], layers=layers)
    return DemoPatient(patient, payer_ids, scenario)
