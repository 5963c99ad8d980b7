"""Hands a mail to the plan's mail server. MAIL_URL names it; without it the portal sends none.

`smtp+starttls://name:password@host:587`, `smtps://host:465`, or `smtp://host:25` for a relay on this machine's network.
"""

import smtplib
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

PATIENCE = 15  # seconds for each step of the conversation
WAYS = {"smtp": (25, {}), "smtp+starttls": (587, {"use_tls": True}), "smtps": (465, {"use_ssl": True})}
PERMANENT = 500  # replies from here on will not change


class MailFailed(Exception):
    """The mail was not taken. `str(failure)` says why, and names nobody."""


class Undeliverable(MailFailed):
    """Nor will it ever be, to this person."""


class Unavailable(MailFailed):
    """Nor would any other mail be now."""


def url_fault(url: str) -> str:
    """What is wrong with a MAIL_URL; "" where nothing is."""
    try:
        parts = urlsplit(url)
        sound = parts.scheme in WAYS and bool(parts.hostname) and parts.port != 0 and parts.path in ("", "/")
    except ValueError:
        sound = False
    return "" if sound else "MAIL_URL must be smtp+starttls://host:587, smtps://host:465 or smtp://host:25."


def send(to: str, subject: str, text: str) -> None:
    """Send one mail to one person. Raises Undeliverable or Unavailable."""
    parts = urlsplit(settings.MAIL_URL)
    port, secured = WAYS[parts.scheme]
    server = get_connection(
        host=parts.hostname,
        port=parts.port or port,
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        timeout=PATIENCE,
        **secured,
    )
    headers = {"Auto-Submitted": "auto-generated"}
    message = EmailMessage(subject, text, settings.MAIL_FROM, [to], connection=server, headers=headers)
    try:
        message.message()
    except ValueError as error:  # an address can be good to sign in with, and too long as a mail spells it
        raise Undeliverable("No mail can be written to this person's address") from error
    try:
        message.send()
    except smtplib.SMTPRecipientsRefused as refusal:
        code = max(code for code, _ in refusal.recipients.values())
        kind = Undeliverable if code >= PERMANENT else Unavailable
        raise kind(f"The mail server refuses this person's address ({code})") from refusal
    except smtplib.SMTPResponseException as refusal:
        raise Unavailable(f"The mail server answered {refusal.smtp_code}") from refusal
    except TimeoutError as error:
        raise Unavailable("The mail server gave no answer in time") from error
    except (OSError, smtplib.SMTPException) as error:
        raise Unavailable(f"The mail server cannot be reached ({type(error).__name__})") from error
