"""Two billers press Bulk Submit over the same claims at once: each claim goes once, each left behind says why (B6).

``CLAIMS=2000 SEED=3 ./check tests/browser/test_bulk_submit.py -s`` tells its figures; by default it is small.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from bench import claims_world
from claims import queue
from claims.enums import ClaimState
from claims.models import Batch, BatchItem, Claim
from clinics.models import Membership, User
from clinics.scoping import open_clinic
from lib.dates import local_day
from tests.browser.clinic_days import open_mailbox
from tests.browser.product import Product
from tests.cast import World, make_patient, make_world
from tests.claims.helpers import bill
from work.files import read
from work.models import Job, Outbox, StoredFile
from x12.reading import read_file

CLAIMS = int(os.environ.get("CLAIMS", "60"))
SEED = int(os.environ.get("SEED", "3"))
LONGEST = 60 + CLAIMS // 10  # seconds; machines differ
COUNT = re.compile(r"(\d+) of (\d+)")


@pytest.mark.rule("B6.2.together")
def test_two_billers_submit_the_same_claims_at_once(
    visitors: Any, product: Product, django_db_blocker: Any
) -> None:
    with product.database(django_db_blocker):
        world, firm, emails = clinic(product)
    readers = [visitors.reader(email, fresh=True) for email in emails]
    first, second = [reader.page for reader in readers]
    started = time.monotonic()
    ask(first, "")
    looked = time.monotonic() - started
    expect(first.get_by_role("dialog")).to_contain_text(f"Submit {CLAIMS - 3:,} claims")
    ask(second, world.aetna.public_id)
    with product.database(django_db_blocker), open_clinic(world.clinic.pk, actor="a slow colleague"):
        # Somebody saves one of them just now; both have to wait for that hand, and neither forgets the claim.
        Claim.objects.select_for_update().get(pk=Random(SEED).choice(firm))
        first.keyboard.press("Enter")
        second.keyboard.press("Enter")
        first.wait_for_url("**/jobs/**")
        second.wait_for_url("**/jobs/**")
        time.sleep(1)
    seen, words, seconds = follow(product, [first, second])
    with product.database(django_db_blocker), world.open("auditor"):
        told = prove(world, firm)
    for page, (_, reasons) in zip((first, second), told, strict=True):
        shown(page, reasons)
    assert not [problem for reader in readers for problem in reader.told()]
    sys.stderr.write(
        f"\n{CLAIMS} claims, seed {SEED}, two billers at once: "
        f"the dry run took {looked:.1f} s, the work {seconds:.1f} s; "
        + "; ".join(f"biller {n} sent {went}, kept back {sum(kept.values())}: {dict(kept)}"
                    for n, (went, kept) in enumerate(told, 1))
        + f"; counts seen on the pages: {seen}; words: {sorted(words)}\n"
    )  # fmt: skip
    for reader in readers:
        reader.page.context.close()


def clinic(product: Product) -> tuple[World, list[int], list[str]]:
    """A clinic of its own: ready claims to two payers, three that fail the second check; the keys of the others."""
    world = make_world("bulk")
    firm = world.users["biller"]
    other = User.objects.create(email="evening@bulk.example", password=firm.password, name="Evening Biller")
    Membership.objects.create(user=other, clinic=world.clinic, role="biller")
    with world.open("builder"):
        open_mailbox(world, product)
        today = local_day(timezone.now(), world.location.time_zone)
        for payer, number in ((world.aetna, CLAIMS * 2 // 3), (world.aarp, CLAIMS - CLAIMS * 2 // 3)):
            made = queue.one_click(bill(world, make_patient("First", payer.name), payers=[payer]), today)
            claims_world.more(number - 1, made)
        keys = list(Claim.objects.filter(state=ClaimState.READY).order_by("pk").values_list("pk", flat=True))
        assert len(keys) == CLAIMS
        for claim in Claim.objects.filter(pk__in=keys[-3:]):
            claim.document["subscriber"]["birth_date"] = None
            claim.save()
    return world, keys[:-3], [firm.email, other.email]


def ask(page: Page, payer: str) -> None:
    """The ready tab, all that fits the filter, the dry run."""
    page.goto(f"/claims/?tab=ready&payer={payer}")
    page.keyboard.press("s")
    expect(page.get_by_role("button", name=re.compile(r"^Submit \d+ claims Enter"))).to_be_focused(
        timeout=LONGEST * 1000
    )


def follow(product: Product, pages: list[Page]) -> tuple[list[list[int]], set[str], float]:
    """Watch both pages until nothing is left to do; counts and words that were seen on the way."""
    started = time.monotonic()
    seen: list[list[int]] = [[] for _ in pages]
    words: set[str] = set()
    while time.monotonic() - started < LONGEST:
        for page, counts in zip(pages, seen, strict=True):
            told = page.locator(".job").inner_text()
            match = COUNT.search(told)
            if match and (not counts or counts[-1] != int(match[1])):
                counts.append(int(match[1]))
            words.update(re.sub(r"\d[\d,]*", "#", line) for line in told.splitlines() if "ing " in line)
            picture(page, f"{pages.index(page)}-at-{match[1] if match else 'end'}")
        if all(page.locator("progress.okbar").count() for page in pages):
            return seen, words, time.monotonic() - started
        time.sleep(0.2)
    raise AssertionError(f"never over: {seen}, {words}\n{product.log('worker')}")


def prove(world: World, firm: list[int]) -> list[tuple[int, Counter[str]]]:
    """Each claim in one live batch and once in what the clearinghouse got; for each job what went and why not."""
    deadline = time.monotonic() + LONGEST
    while Outbox.objects.filter(clinic=world.clinic).exclude(state="done").exists():
        assert time.monotonic() < deadline, "the batches never left"
        time.sleep(0.3)
    assert set(Claim.objects.filter(pk__in=firm).values_list("state", flat=True)) == {"submitted"}
    assert sorted(BatchItem.objects.values_list("claim_id", flat=True)) == firm, "each in one batch"
    assert set(Batch.objects.values_list("state", flat=True)) == {"delivered"}
    sent: Counter[str] = Counter()
    for stored in StoredFile.objects.filter(pk__in=Batch.objects.values("stored")):
        for item in read_file(read(stored)).transactions:
            sent.update(claim.control_number for claim in item.document.claims)
    assert sent == Counter(Claim.objects.filter(pk__in=firm).values_list("control_number", flat=True))
    told = []
    for job in Job.objects.filter(kind="claims.submit").order_by("created_by"):
        assert (job.state, job.done, job.message) == ("done", len(job.params["claims"]), "")
        kept = job.result["skipped"]
        assert job.result["submitted"] + len(kept) == len(job.params["claims"])
        assert all(kept.values()), "each with its reason"
        told.append(
            (job.result["submitted"], Counter(re.sub("batch .*", "batch #", why) for why in kept.values()))
        )
    return told


def shown(page: Page, reasons: Counter[str]) -> None:
    """The result page tells every reason, and how many claims it kept back."""
    for words in reasons:
        expect(page.locator("ul.why").get_by_text(words.removesuffix("#")).first).to_be_visible()
    page.get_by_role("link", name=re.compile("^Stayed behind")).click()
    expect(page.locator("tbody tr, .blank").first).to_contain_text(
        "Stayed behind" if reasons else "Nothing here"
    )
    picture(page, f"stayed-{sum(reasons.values())}")


def picture(page: Page, name: str) -> None:
    """Kept for people to look at where SHOTS names a folder."""
    if os.environ.get("SHOTS"):
        page.screenshot(
            path=Path(os.environ["SHOTS"]) / f"bulk-{name}.png", full_page=name.startswith("stayed")
        )
