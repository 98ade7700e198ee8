"""A question about a card over a real SFTP server, answered by the sandbox in another process, and taken."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clearinghouses import collecting
from clearinghouses.models import InboundFile, OutboundFile
from insurance import corrections, eligibility
from insurance.models import EligibilityCheck, EligibilityRequest
from tests.cast import NOW, TODAY, World, make_patient, make_payer, make_policy, make_profile, make_visit
from tests.claims.helpers import work_off
from tests.clearinghouses.conftest import SandboxProcess, until
from tests.clearinghouses.test_sftp import world  # noqa: F401 - the clinic with a mailbox at the sandbox


def ask(clinic: World, member: str = "W123456789") -> EligibilityRequest:
    with clinic.open():
        policy = make_policy(make_patient(), make_payer("Cigna", "62308"), member)
        return eligibility.ask(policy, clinic.provider, day=TODAY, today=TODAY, at=NOW)


def collected(clinic: World) -> list[str]:
    """Fetch once, let the worker take it; the kinds that came so far."""
    collecting.collect(clinic.connection.pk, clinic.clinic.pk, at=datetime.now(UTC))
    work_off()
    with clinic.open():
        return [kind for row in InboundFile.objects.all() for kind in row.kinds]


def answered(clinic: World) -> EligibilityCheck | None:
    collected(clinic)
    with clinic.open():
        return EligibilityCheck.objects.select_related("request", "stored").first()


@pytest.mark.rule("B14.ask", "B14.answer", "B14.correction")
def test_tomorrows_batch_through_real_sftp(world: World, sandbox: SandboxProcess) -> None:  # noqa: F811
    """One 270 for four visits: figures, a reject (AAA) in words, a corrected name offered, one not there; progress."""
    tomorrow = TODAY + timedelta(days=1)
    with world.open():
        cigna = make_payer("Cigna", "62308")
        people = {"W123456789": "Okafor", "NOTFOUND1": "Stone", "RENAMED1": "Lund", "INACTIVE1": "Ruiz"}
        for member, last in people.items():
            policy = make_policy(make_patient("Maren", last), cigna, member)
            make_visit(
                world, policy.patient, make_profile(policy.patient, policy), day=tomorrow, state="scheduled"
            )
        job = eligibility.start_batch(tomorrow)
    work_off()
    with world.open():
        sent = OutboundFile.objects.get()
        assert (sent.state, sent.name.endswith(".270")) == ("delivered", True)
        job.refresh_from_db()
        assert (job.state, job.done, job.total) == ("running", 0, 4)
    until(lambda: answered(world))
    with world.open():
        job.refresh_from_db()
        assert (job.state, job.done, job.total, job.errors) == ("done", 4, 4, 0)
        found = {
            check.policy.member_id: check
            for check in EligibilityCheck.objects.select_related("policy", "stored")
        }
        good, missing, renamed, over = (found[member] for member in people)
        assert good.is_active
        assert (good.benefits["deductible_left"], good.benefits["coinsurance"]) == ("30.00", "20.00")
        assert bytes(good.stored.content).startswith(b"ISA"), "the payer's bytes are kept"
        assert (missing.is_active, over.is_active) == (None, False)
        assert missing.rejections[0]["code"] == "75"
        assert "not" in missing.rejections[0]["words"].lower()
        assert missing.rejections[0]["step"]
        offered = {row["field"]: row["theirs"] for row in renamed.corrections}
        assert offered == {"member_id": "CRENAMED1", "last_name": "Lund-Smith"}
        corrections.apply(renamed, "member_id", today=TODAY)
        assert renamed.policy.eligibility_checks.count() == 1
        assert set(EligibilityRequest.objects.values_list("state", flat=True)) == {"answered"}


@pytest.mark.rule("B14.ask")
def test_a_question_whose_fate_is_unknown_is_answered_and_never_sent_twice(
    world: World,  # noqa: F811
    sandbox: SandboxProcess,
) -> None:
    sandbox.plan({"when": "rename", "do": "drop_after"})
    ask(world, "DUPFILE1")
    work_off()
    with world.open():
        sent = OutboundFile.objects.get()
        assert (sent.state, sent.attempts) == ("unknown", 1)
    until(lambda: answered(world))
    until(lambda: collected(world).count("271") >= 2)
    with world.open():
        sent.refresh_from_db()
        assert (sent.state, sent.attempts) == ("delivered", 1)
        assert EligibilityCheck.objects.count() == 1
        assert EligibilityRequest.objects.get().state == "answered"


def test_a_partner_that_cannot_be_reached_refuses_the_question_and_one_may_ask_again(
    world: World,  # noqa: F811
    sandbox: SandboxProcess,
    settings: Any,
) -> None:
    settings.SANDBOX_SFTP_PORT = 1
    request = ask(world)
    work_off()
    with world.open():
        request.refresh_from_db()
        assert (request.state, "did not reach" in request.detail) == ("refused", True)
    settings.SANDBOX_SFTP_PORT = sandbox.port
    with world.open():
        again = eligibility.ask(request.policy, world.provider, day=TODAY, today=TODAY, at=NOW)
    assert again.pk != request.pk
    work_off()
    assert until(lambda: answered(world)).is_active
