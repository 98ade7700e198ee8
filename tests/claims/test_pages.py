"""The pages and the API of the claims room over real requests."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from claims import batch_views, queue, submitting
from claims.models import Batch, BatchItem, Claim
from tests.cast import NOW, TODAY, World, make_patient, make_world
from tests.claims.helpers import bill, ready_claim, ready_claims
from work.models import Job

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(settings: Any, tmp_path: Path, transactional_db: None) -> World:
    settings.EXCHANGE_DIR = tmp_path
    return make_world()


def sign_in(world: World, role: str = "biller") -> Client:
    client = Client()
    client.force_login(world.users[role])
    return client


def test_the_queue_shows_each_tab_and_exports(world: World) -> None:
    client = sign_in(world)
    empty = client.get("/claims/")
    assert empty.status_code == 200
    assert "Nothing is ready" in empty.content.decode()
    with world.open():
        good = ready_claim(world)
        bad = queue.enqueue(bill(world, make_patient("No", "Birthday", birth_date=None)), TODAY)
    page = client.get("/claims/").content.decode()
    assert good.patient_name in page
    assert bad.patient_name not in page
    assert "1 error" in client.get("/claims/?tab=new").content.decode()
    assert client.get("/claims/?tab=ready&q=Okafor").content.decode().count("data-row") == 1
    assert "No claim fits this filter" in client.get("/claims/?tab=ready&q=Zzz").content.decode()
    export = client.get("/claims/?format=csv").content.decode()
    assert good.control_number in export
    assert "Filing days left" in export


def test_pages_by_keyset_hold_every_claim_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from claims import queries

    with world.open():
        made = ready_claims(world, 7)
        for sort in ("", "dos", "-charge", "patient", "left"):
            seen: list[int] = []
            after = ""
            while True:
                page = queries.page(Claim.objects.all(), sort, after, size=3)
                seen += [row.pk for row in page.rows]
                after = page.following
                if not after:
                    break
            assert sorted(seen) == sorted(claim.pk for claim in made), sort


@pytest.mark.parametrize("url", ["/claims/", "/reports/insurance/claims/", "/claims/batches/"])
def test_lists_ask_the_same_number_of_queries_at_one_and_three_rows(world: World, url: str) -> None:
    client = sign_in(world)
    counts = []
    for extra in (1, 2):
        with world.open():
            for number in range(extra):
                claim = ready_claim(world, patient=make_patient("C", f"Ount{extra}{number}"))
                if "batches" in url or "reports" in url:
                    job = submitting.start(Claim.objects.filter(pk=claim.pk), TODAY, {})
                    submitting.submit_chunk(job, 0, NOW, TODAY)
        client.get(url)
        with CaptureQueriesContext(connection) as caught:
            assert client.get(url).status_code == 200
        counts.append(len(caught))
    assert counts[0] == counts[1]


@pytest.mark.rule("B6.1")
def test_preview_submit_double_click_and_the_result_page(world: World) -> None:
    client = sign_in(world)
    with world.open():
        claims = ready_claims(world, 2)
    form = {"all": "1", "filter": "tab=ready"}
    preview = client.post("/claims/submit/preview/", form).content.decode()
    assert "Submit 2 claims, 300.00, to 1 partner" in preview
    sent = [client.post("/claims/submit/", {**form, "idempotency_key": "K1"}) for _ in range(2)]
    assert sent[0].status_code == sent[1].status_code == 302
    assert sent[0]["Location"] == sent[1]["Location"]
    with world.open():
        assert Job.objects.filter(kind=submitting.SUBMIT).count() == 1
    from tests.claims.helpers import work_off

    work_off()
    page = client.get(sent[0]["Location"]).content.decode()
    assert claims[0].control_number in page
    assert client.get(sent[0]["Location"] + "progress/").status_code == 200
    assert "Stayed behind" in client.get(sent[0]["Location"] + "?show=stayed").content.decode()
    assert claims[0].control_number in client.get(sent[0]["Location"] + "?format=csv").content.decode()
    with world.open():
        batch = Batch.objects.get()
    for tab in ("", "?tab=answers", "?tab=file"):
        assert client.get(f"/claims/batches/{batch.public_id}/{tab}").status_code == 200
    assert client.get(f"/claims/batches/{batch.public_id}/file/").content.startswith(b"ISA*00*")
    assert client.post(f"/claims/batches/{batch.public_id}/dissolve/").status_code == 409
    for tab in ("", "?tab=timeline", "?tab=versions", "?tab=files"):
        assert client.get(f"/claims/{claims[0].public_id}/{tab}").status_code == 200, tab


def test_review_fix_save_and_next(world: World) -> None:
    client = sign_in(world)
    with world.open():
        claim = queue.enqueue(bill(world, make_patient("No", "Birthday", birth_date=None)), TODAY)
    page = client.get(f"/claims/{claim.public_id}/").content.decode()
    assert 'href="#f-subscriber-birth_date"' in page
    assert 'id="f-subscriber-birth_date"' in page
    form = {"document_version": "1", "subscriber.birth_date": "1980-05-17", "next": "1"}
    assert client.post(f"/claims/{claim.public_id}/save/", form)["Location"] == "/claims/"
    assert client.post(f"/claims/{claim.public_id}/save/", form).status_code == 409, "an old form"
    with world.open():
        claim.refresh_from_db()
        assert (claim.state, claim.error_count) == ("ready", 0)
    assert client.post(f"/claims/{claim.public_id}/hold/", {"reason": "Ask"}).status_code == 302
    assert client.post(f"/claims/{claim.public_id}/release/").status_code == 302
    assert client.post(f"/claims/{claim.public_id}/refresh/").status_code == 302
    assert client.post(f"/claims/{claim.public_id}/note/", {"text": "Called"}).status_code == 302
    with world.open():
        claim.refresh_from_db()
        assert claim.state == "ready"
    assert client.get(f"/claims/{claim.public_id}/resubmit/").status_code == 200
    assert client.post(f"/claims/{claim.public_id}/discard/").status_code == 400, "a reason is needed"
    assert client.post(f"/claims/{claim.public_id}/resubmit/", {"frequency": "7"}).status_code == 409


@pytest.mark.rule("B4")
def test_the_front_desk_has_both_buttons_and_the_list_of_what_is_missing(world: World) -> None:
    client = sign_in(world, "front_desk")
    with world.open():
        good = bill(world)
        bad = bill(world, make_patient("No", "Birthday", birth_date=None))
    piece = client.get(f"/claims/invoices/{good.public_id}/").content.decode()
    assert 'value="one_click">' in piece
    piece = client.get(f"/claims/invoices/{bad.public_id}/").content.decode()
    assert 'value="one_click" disabled>' in piece
    assert "date of birth is missing" in piece
    made = client.post(f"/claims/invoices/{good.public_id}/", {"act": "one_click", "idempotency_key": "A"})
    assert "Ready" in made.content.decode()
    refused = client.post(f"/claims/invoices/{bad.public_id}/", {"act": "one_click", "idempotency_key": "B"})
    assert "date of birth is missing" in refused.content.decode()
    queued = client.post(f"/claims/invoices/{bad.public_id}/", {"act": "queue", "idempotency_key": "C"})
    assert "1 missing" in queued.content.decode()
    with world.open():
        assert Claim.objects.count() == 2
    assert client.get("/claims/").status_code == 403, "the queue is the billers'"


def test_another_clinic_sees_nothing(world: World) -> None:
    birch = make_world("birch")
    with world.open():
        claim = ready_claim(world)
    client = sign_in(birch)
    assert client.get(f"/claims/{claim.public_id}/").status_code == 404
    assert claim.control_number not in client.get("/claims/").content.decode()
    assert client.get(f"/api/v1/claims/{claim.public_id}/").status_code == 404
    answer = client.post(
        "/api/v1/claims/preview/", {"ids": [claim.public_id]}, content_type="application/json"
    )
    assert answer.json()["chosen"] == 0


def test_the_api_does_what_the_pages_do(world: World) -> None:
    client = sign_in(world)
    with world.open():
        invoice = bill(world)

    def post(url: str, body: dict[str, Any], key: str = "") -> Any:
        return client.post(url, body, content_type="application/json", headers={"Idempotency-Key": key})

    made = post("/api/v1/claims/create/", {"invoice": invoice.public_id, "act": "one_click"}, "k1")
    assert made.status_code == 201, made.content
    assert (
        post("/api/v1/claims/create/", {"invoice": invoice.public_id, "act": "one_click"}, "k1").status_code
        == 200
    )
    claim_id = made.json()["id"]
    detail = client.get(f"/api/v1/claims/{claim_id}/").json()
    assert (detail["total"], detail["state"]) == ("150.00", "ready")
    edit = {"document_version": 1, "edits": {"prior_authorization": "N-40771"}}
    url = f"/api/v1/claims/{claim_id}/"
    assert client.patch(url, edit, content_type="application/json").json()["document_version"] == 2
    assert client.patch(url, edit, content_type="application/json").status_code == 409
    money = {"document_version": 2, "edits": {"lines.0.charge": "1.00"}}
    assert client.patch(url, money, content_type="application/json").json()["error"]["code"] == "not_editable"
    assert post(f"{url}act/", {"act": "hold", "reason": "Ask"}).json()["state"] == "on_hold"
    assert post(f"{url}act/", {"act": "release"}).json()["state"] == "ready"
    assert post(f"{url}resubmit/", {"frequency": "7"}).json()["error"]["code"] == "not_adjudicated"
    assert post("/api/v1/claims/preview/", {"ids": [claim_id]}).json()["total"] == "150.00"
    job = post("/api/v1/claims/submit/", {"ids": [claim_id]}, "k2").json()["job"]
    assert post("/api/v1/claims/submit/", {"ids": [claim_id]}, "k2").json()["job"] == job
    from tests.claims.helpers import work_off

    work_off()
    result = client.get(f"/api/v1/claims/jobs/{job}/").json()
    assert result["results"][0]["state"] == "submitted"
    batch = client.get("/api/v1/batches/").json()[0]["id"]
    assert client.get(f"/api/v1/batches/{batch}/").json()["claims"][0]["is_live"] is True
    assert post(f"/api/v1/batches/{batch}/act/", {"act": "send_again"}).status_code == 409
    assert client.get("/api/v1/claims/?state=submitted").json()["results"][0]["id"] == claim_id
    with world.open():
        assert BatchItem.objects.count() == 1


def test_batches_are_found_sorted_and_exported_and_so_are_their_claims(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = sign_in(world)
    made = []
    with world.open("biller@alder.example"):
        for count in (2, 1):
            job = submitting.start(
                Claim.objects.filter(pk__in=[claim.pk for claim in ready_claims(world, count)]), TODAY, {}
            )
            submitting.submit_chunk(job, 0, NOW, TODAY)
            made.append(Batch.objects.get(job=job))
    names = [batch.public_id for batch in made]
    for asked, wanted in (
        ("", names[::-1]), ("sort=claims", names[::-1]), ("sort=-claims", names), (f"q={names[0]}", names[:1]),
        (f"q={made[1].interchange_number}", names[1:]), ("q=nobody", []), ("sort=nonsense", names[::-1]),
    ):  # fmt: skip
        page = client.get(f"/claims/batches/?{asked}").content.decode()
        found = sorted((name for name in names if name in page), key=page.index)
        assert found == wanted, asked
    told = client.get("/claims/batches/?format=csv").content.decode().splitlines()
    assert len(told) == 3 and names[0] in told[2] and ",300.00," in told[2]
    monkeypatch.setattr(batch_views, "ITEMS", 1)
    with world.open():
        numbers = list(
            BatchItem.objects.filter(batch=made[0]).values_list("claim__control_number", flat=True)
        )
    seen, url = [], f"/claims/batches/{names[0]}/"
    while url:
        page = client.get(url).content.decode()
        seen += [number for number in numbers if number in page]
        following = re.search(r'href="(\?[^"]+)" rel="next"', page)
        url = f"/claims/batches/{names[0]}/{following[1]}" if following else ""
    assert seen == numbers
    told = client.get(f"/claims/batches/{names[0]}/?format=csv&q={numbers[1]}").content.decode().splitlines()
    assert len(told) == 2 and numbers[1] in told[1]
    assert "No claim of this batch fits" in client.get(f"/claims/batches/{names[0]}/?q=zz").content.decode()
