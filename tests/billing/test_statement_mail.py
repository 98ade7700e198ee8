"""Statements by e-mail over a real SMTP conversation: with the PDF or without detail, once, tried again (B12)."""

from __future__ import annotations

import pytest

from billing import statement_mail, statements
from billing.checkout import check_out
from billing.models import StatementDelivery
from tests.cast import NOW, make_patient, make_profile, make_visit, make_world
from tests.post_office import PostOffice
from tests.responses.stage import set_up
from work import files
from work.models import Outbox


@pytest.fixture
def office(settings):
    """The mail server, with the product pointed at it."""
    server = PostOffice().open()
    settings.EMAIL_BACKEND, settings.EMAIL_HOST = "django.core.mail.backends.smtp.EmailBackend", "127.0.0.1"
    settings.EMAIL_PORT, settings.EMAIL_USE_TLS, settings.EMAIL_HOST_USER = server.port, False, ""
    yield server
    server.close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.rule("B12.mail")
def test_a_statement_goes_by_mail_once_and_is_tried_again_when_refused(office):
    world = make_world()
    with world.open():
        set_up(world, statement_email="attached")
        patient = make_patient(email="maren@example.org")
        check_out(make_visit(world, patient, make_profile(patient)).public_id, [], at=NOW)
        row = statements.issue(patient, world.location, at=NOW)
        assert Outbox.objects.filter(kind=statement_mail.MAIL).count() == 1
    office.refuses = True
    with pytest.raises(OSError, match="try again later"):
        statement_mail.send(world.clinic.pk, row.pk)
    with world.open():
        assert not StatementDelivery.objects.exists()
    office.refuses = False
    for _ in range(2):
        statement_mail.send(world.clinic.pk, row.pk)
    [(to, mail)] = office.taken
    assert to == "maren@example.org"
    [part] = mail.iter_attachments()
    words = mail.get_body().get_content()
    assert "Okafor" not in words
    assert "150.00" not in words
    with world.open():
        row.refresh_from_db()
        assert part.get_content() == files.read(row.pdf), "the stored bytes, nothing drawn anew"
        assert StatementDelivery.objects.get().recipient == "maren@example.org"
        set_up(world, statement_email="notice")
        later = statements.issue(patient, world.location, at=NOW)
    statement_mail.send(world.clinic.pk, later.pk)
    notice = office.taken[1][1]
    assert not list(notice.iter_attachments())
    assert "150.00" not in notice.as_string()
    assert "Okafor" not in notice.as_string()
