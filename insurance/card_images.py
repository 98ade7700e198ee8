"""Pictures of insurance cards: checked by their bytes, kept encrypted, shown to who may see the patient.

Before it: the card's page and the API. Nothing is drawn or converted: a picture is kept as it came.
"""

from __future__ import annotations

from clinics import audit
from clinics.scoping import current_actor
from insurance.errors import BadCoverage
from insurance.models import CardImage, Policy

LARGEST = 4_000_000
SIDES = ("front", "back")
# What the first bytes must be; the name and the type the browser sent say nothing.
KINDS = (("image/jpeg", b"\xff\xd8\xff", b"\xff\xd9"), ("image/png", b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"))


def kind_of(content: bytes) -> str:
    """image/jpeg or image/png by begin and end; "" for anything else, also a cut-off file."""
    for name, begins, ends in KINDS:
        if content.startswith(begins) and ends in content[-64:]:
            return name
    return ""


def keep(policy: Policy, side: str, content: bytes) -> CardImage:
    """Keep one side; a newer picture takes the older one's place. BadCoverage says what cannot be taken."""
    if side not in SIDES:
        raise BadCoverage("Choose front or back.", fields={"side": ["Front or back."]})
    if len(content) > LARGEST:
        raise BadCoverage("A picture is at most 4 MB.", fields={"image": ["At most 4 MB."]})
    kind = kind_of(content)
    if not kind:
        raise BadCoverage(
            "This is no whole JPEG or PNG picture.", fields={"image": ["A JPEG or PNG picture, please."]}
        )
    row, _ = CardImage.objects.update_or_create(
        policy=policy, side=side,
        defaults={
            "content_type": kind, "size": len(content), "content": content, "created_by": current_actor()
        },
    )  # fmt: skip
    audit.record("policy.image", "policy", policy.public_id, side=side, size=len(content))
    return row


def remove(image: CardImage) -> None:
    """Take a picture away for good."""
    audit.record("policy.image_remove", "policy", image.policy.public_id, side=image.side)
    image.delete()


def sides(policy: Policy) -> list[CardImage]:
    """The pictures of a card without their bytes, front first."""
    return list(policy.images.defer("content").order_by("-side"))
