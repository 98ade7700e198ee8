"""Denials and underpayments: grouped, worked many at once, remembered."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse
from pypdf import PdfReader

from claims.models import Claim
from clinics.models import AuditEvent
from insurance.models import ContractRate
from responses import denial_acts, denials, letters
from responses.denial_acts import Wanted
from responses.models import FollowUp
from tests.cast import NOW, make_world
from tests.responses.stage import AETNA, answer, claimed, clp, money, set_up

D = Decimal
pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    world = make_world()
    with world.open():
        set_up(world, autopay_claims="post", writeoff_limit_biller="200.00")
    return world


def deny(world, *cas, n=1, remarks=()):
    """``n`` claims of one line, denied in one check."""
    rows = []
    for each in range(n):
        claim = claimed(world, world.aetna, last=f"Doe{each}")
        rows.append(clp(claim, "1", "150", "0", *cas, icn=f"I{each}{cas[0][1]}", remarks=remarks))
    return answer(*rows, trace=f"T{cas[0][1]}", **AETNA)


@pytest.mark.rule("B13.work")
def test_denials_are_grouped_by_payer_code_and_cause_the_most_money_first(world):
    with world.open():
        deny(world, ("CO", "97", "150"))
        deny(world, ("CO", "197", "150"), n=2, remarks=["N54"])
        found = denials.groups(denials.denied())
    assert [(g.payer, g.code, g.remark, len(g.items), g.amount) for g in found] == [
        ("AETNA", "CO-197", "N54", 2, D("300.00")),
        ("AETNA", "CO-97", "", 1, D("150.00")),
    ]
    assert "bundled" in found[1].words or "included" in found[1].words


@pytest.mark.rule("B13.work")
def test_one_call_is_logged_for_all_and_its_outcome_is_remembered(world):
    with world.open():
        deny(world, ("CO", "197", "150"), n=2)
        call = Wanted("call", "They lost the fax", "Kim", "R-77", date(2026, 4, 1))
        done = denial_acts.act_on(denials.denied(), call, role="biller", at=NOW, key="k")
        assert [each.ok for each in done] == [True, True]
        items = denials.denied()
        assert {(item.last.person, item.last.reference, item.last.promised_on) for item in items} == {
            ("Kim", "R-77", date(2026, 4, 1))
        }
        denial_acts.act_on(
            items[:1], Wanted("won", "paid on the third call"), role="biller", at=NOW, key="k2"
        )
        [group] = denials.groups(denials.denied())
        assert group.tried == "paid after all 1"


def test_appeals_are_written_from_a_template_with_each_claims_own_facts(world, client):
    with world.open():
        deny(world, ("CO", "197", "150"), n=2)
        items = denials.denied()
        text = letters.template_for("CO-197")
        denial_acts.act_on(items, Wanted("appeal", text), role="biller", at=NOW, key="k")
        made = list(FollowUp.objects.select_related("response").order_by("pk"))
        for each in made:
            assert each.response.control_number in each.letter
            assert "{" not in each.letter
            assert "150.00" in each.letter
        assert len({each.letter for each in made}) == 2
    client.force_login(world.users["biller"])
    pdf = client.get(reverse("responses:letter", args=[made[0].public_id]))
    by_api = client.get(reverse("responses-api:letter", args=[made[0].public_id]))
    for told in (pdf, by_api):
        assert told["Content-Type"] == "application/pdf"
        pages = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(told.content)).pages)
        assert "Enclosure: your answer" in pages
        assert "CO-197 150" in pages
    with world.open():
        assert AuditEvent.objects.filter(action="response.letter").count() == 2
    address = reverse("responses-api:letters")
    newest, oldest = client.get(address).json()
    assert (newest["cause"], newest["response"]) == ("CO-197", made[1].response.public_id)
    assert client.get(address, {"after": newest["id"]}).json() == [oldest]
    assert client.get(address, {"response": oldest["response"]}).json() == [oldest]
    words = client.get(reverse("responses-api:letter-templates"), {"code": "CO-197"}).json()
    assert (words["fits"], "patient" in words["places"]) == (text, True)
    client.force_login(world.users["front_desk"])
    assert client.get(reverse("responses-api:letter", args=[made[0].public_id])).status_code == 403


@pytest.mark.rule("B10")
def test_a_denied_amount_is_written_off_only_within_the_role_and_each_refusal_stands_alone(world):
    with world.open():
        rows = deny(world, ("CO", "16", "150"), n=2)
        gone = rows[0].claim.invoice
        items = denials.denied()
        done = denial_acts.act_on(
            items, Wanted("write_off", "no record left"), role="front_desk", at=NOW, key="a"
        )
        assert [each.ok for each in done] == [False, False]
        assert money(gone).insurers[1] == 125
        done = denial_acts.act_on(
            items, Wanted("write_off", "no record left"), role="biller", at=NOW, key="b"
        )
        assert [each.ok for each in done] == [True, True]
        assert (money(gone).insurers[1], money(gone).written_off) == (0, 150)


def test_correct_and_resend_makes_the_next_version_of_each(world):
    with world.open():
        deny(world, ("CO", "16", "150"), n=2)
        done = denial_acts.act_on(
            denials.denied(), Wanted("resend", "box 17 added"), role="biller", at=NOW, key="k"
        )
        assert [each.ok for each in done] == [True, True]
        assert Claim.objects.filter(version=2, state="new").count() == 2
        assert denials.denied() == []


@pytest.mark.rule("B13.underpaid")
@pytest.mark.parametrize(
    ("allowed", "is_item"), [("120.00", True), ("148.00", False), ("147.00", False), ("146.99", True)]
)
def test_an_underpayment_is_an_item_above_one_dollar_and_two_percent(world, allowed, is_item):
    """Contract 150.00: max(1.00, 2 %) = 3.00; exactly 3.00 short is no item yet."""
    with world.open():
        claim = claimed(world, world.aetna)
        code = claim.lines.get().procedure_code
        ContractRate.objects.create(
            clinic=world.clinic,
            payer=world.aetna,
            procedure_code=code,
            allowed=D("150.00"),
            effective_on=date(2026, 1, 1),
        )
        paid = D(allowed)
        answer(clp(claim, "1", "150", str(paid), ("CO", "45", str(150 - paid)), allowed=allowed), **AETNA)
        items = denials.underpaid()
        assert bool(items) is is_item
        if is_item:
            assert (items[0].amount, items[0].code) == (150 - paid, f"underpaid {code}")
            denial_acts.act_on(
                items, Wanted("lost", "old schedule, they say"), role="biller", at=NOW, key="k"
            )
            assert denials.underpaid() == []


def test_the_pages_lead_from_group_to_act_and_back(world, client):
    client.force_login(world.users["biller"])
    with world.open():
        [row] = deny(world, ("CO", "16", "150"))
        query = {"payer": row.remittance.payer.public_id, "code": "CO-16", "remark": ""}
    page = client.get(reverse("responses:denials")).content.decode()
    assert "CO-16" in page
    assert row.control_number in client.get(reverse("responses:denials"), query).content.decode()
    assert row.control_number in client.get(reverse("responses:denials"), {"format": "csv"}).content.decode()
    address = reverse("responses:denial-act", args=["denials", "call"])
    asked = client.post(address, {"id": row.public_id, "filter": ""}).content.decode()
    assert "Log a call for 1, 150.00" in asked
    bare = client.post(address, {"id": row.public_id, "act": "call", "text": " ", "idempotency_key": "x1"})
    assert bare.status_code == 409
    told = {
        "id": row.public_id,
        "act": "call",
        "text": "rang",
        "person": "Kim",
        "idempotency_key": "x2",
        "filter": "",
    }
    assert client.post(address, told).status_code == 302
    client.post(address, told)
    with world.open():
        assert FollowUp.objects.count() == 1
    assert client.post(reverse("responses:denial-act", args=["denials", "nonsense"]), told).status_code == 404
    assert client.get(reverse("responses:underpaid")).status_code == 200


def test_the_api_lists_the_groups_and_acts_on_many(world, client):
    client.force_login(world.users["biller"])
    with world.open():
        rows = deny(world, ("CO", "16", "150"), n=2)
    told = client.get(reverse("responses-api:denials")).json()
    assert [(group["code"], group["amount"], len(group["items"])) for group in told] == [
        ("CO-16", "300.00", 2)
    ]
    body = {"responses": [row.public_id for row in rows], "act": "call", "text": "rang", "person": "Kim"}
    address = reverse("responses-api:denial-acts", args=["denials"])
    done = client.post(
        address, body, content_type="application/json", headers={"Idempotency-Key": "k1"}
    ).json()
    assert [each["done"] for each in done["results"]] == [True, True]
    again = client.post(
        address, body, content_type="application/json", headers={"Idempotency-Key": "k1"}
    ).json()
    assert again == done
    with world.open():
        assert FollowUp.objects.count() == 2
    body["responses"] = ["nothing"]
    assert client.post(address, body, content_type="application/json").status_code == 400
