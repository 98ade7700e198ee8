"""The form of a connection. Passwords and keys are write-only: never shown, empty keeps what is stored."""

from __future__ import annotations

import re
from typing import Any

from django import forms

from clearinghouses.models import Connection
from clearinghouses.sftp.transport import read_private_key
from clearinghouses.transport import TransportError

HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,118}[A-Za-z0-9])?\Z")
FOLDER = re.compile(r"[A-Za-z0-9._ /-]{0,200}\Z")
IDENTIFIER = re.compile(r"[A-Z0-9 .&'/-]{2,15}\Z")
KEPT = "Never shown. Leave empty to keep the stored one."


class ConnectionForm(forms.ModelForm):
    """All a partner tells a new customer."""

    password = forms.CharField(
        label="Password",
        required=False,
        help_text=KEPT,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    private_key = forms.CharField(
        label="Private key instead of a password",
        required=False,
        help_text=f"OpenSSH or PEM. {KEPT}",
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false"}),
    )

    class Meta:
        model = Connection
        fields = (
            "name", "kind", "is_active", "host", "port", "username", "password", "private_key",
            "outbound_folder", "inbound_folder", "archive_folder", "sender_qualifier", "sender_id",
            "receiver_qualifier", "receiver_id", "receiver_name", "submitter_name", "submitter_contact",
            "submitter_phone", "usage", "wants_ta1", "answers_276", "claims_per_transaction",
        )  # fmt: skip
        labels = {
            "is_active": "In use",
            "host": "Server",
            "username": "User name",
            "outbound_folder": "Folder we put claims into",
            "inbound_folder": "Folder we collect answers from",
            "archive_folder": "Folder where the partner keeps what it took",
            "sender_qualifier": "Our qualifier (ISA05)",
            "sender_id": "Our id (ISA06, GS02)",
            "receiver_qualifier": "Their qualifier (ISA07)",
            "receiver_id": "Their id (ISA08, GS03)",
            "receiver_name": "Their name (1000B)",
            "submitter_name": "Our name (1000A)",
            "submitter_contact": "Whom they may call",
            "submitter_phone": "Telephone",
            "usage": "Claims are",
            "wants_ta1": "Ask for a TA1",
            "answers_276": "It answers status inquiries (276)",
            "claims_per_transaction": "Claims in one transaction set",
        }
        help_texts = {
            "username": "HTTPS without one sends the password as a token.",
            "archive_folder": "With it a lost connection can be resolved by looking. Empty if there is none.",
            "claims_per_transaction": "One bad claim bounces its whole set: 100 is usual, 5,000 the most.",
        }

    def clean_host(self) -> str:
        """A host name or address."""
        host = self.cleaned_data["host"].strip()
        if host and not HOST.match(host):
            raise forms.ValidationError("A server name such as sftp.example.com.")
        return str(host)

    def clean_claims_per_transaction(self) -> int:
        """1 to 5,000 (rules.md B6.3)."""
        many = int(self.cleaned_data["claims_per_transaction"])
        if not 1 <= many <= 5000:
            raise forms.ValidationError("From 1 to 5,000.")
        return many

    def clean_private_key(self) -> str:
        """A key that can be read."""
        text = str(self.cleaned_data["private_key"])
        if text.strip():
            try:
                read_private_key(text.strip() + "\n")
            except TransportError as error:
                raise forms.ValidationError("This key cannot be read: paste the whole file.") from error
            return text.strip() + "\n"
        return ""

    def clean(self) -> dict[str, Any]:
        """What belongs together."""
        found = super().clean() or {}
        others = Connection.objects.filter(name=found.get("name", "")).exclude(pk=self.instance.pk)
        if others.exists():
            self.add_error("name", "There is a connection of this name already.")
        for name in ("outbound_folder", "inbound_folder", "archive_folder"):
            folder = str(found.get(name, ""))
            if not FOLDER.match(folder) or ".." in folder.split("/"):
                self.add_error(name, "Letters, digits and / only.")
        for name in ("sender_id", "receiver_id"):
            found[name] = str(found.get(name, "")).strip().upper()
            if found[name] and not IDENTIFIER.match(found[name]):
                self.add_error(name, "2 to 15 capitals and digits, as the partner gave it.")
        if found.get("kind") == Connection.Kind.HTTPS and not self.instance.is_sandbox:
            if not found.get("host"):
                self.add_error("host", "HTTPS needs it.")
            if found.get("port") == 22:
                self.add_error("port", "HTTPS listens on 443, or where the partner says; 22 is SFTP's.")
        if found.get("kind") == Connection.Kind.SFTP and not self.instance.is_sandbox:
            for name in ("host", "username"):
                if not found.get(name):
                    self.add_error(name, "SFTP needs it.")
        return found

    def _post_clean(self) -> None:
        """Checks of the model on a copy: the row itself is changed by connections.save alone."""
        kept = {name: getattr(self.instance, name) for name in self.Meta.fields}
        super()._post_clean()  # type: ignore[misc]
        for name, value in kept.items():
            setattr(self.instance, name, value)
