"""One mail as MIME: multipart/mixed of an alternative (text, HTML with its pictures) and the attachments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage, MIMEPart
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import Final

from reports.model import Mail

_SUBJECT: Final = "subject-of-this-mail"
_LINK: Final = "link-to-unsubscribe"


@dataclass(frozen=True, slots=True)
class Letter:
    """What is of this one mail alone. sender: ``name <address>``. sent_at: ms. unsubscribe_url: takes a POST."""

    sender: str
    recipient: str
    message_id: str
    sent_at: int
    unsubscribe_url: str | None


def message_of(mail: Mail, letter: Letter) -> bytes:
    """The message with CRLF line ends. Automatic replies to it are asked not to come (RFC 3834)."""
    message = EmailMessage(policy=SMTP)
    message["From"] = _address(letter.sender)
    message["To"] = Address(addr_spec=letter.recipient)
    message["Subject"] = _SUBJECT
    message["Date"] = format_datetime(datetime.fromtimestamp(letter.sent_at / 1000, UTC))
    message["Message-ID"] = letter.message_id
    message["Auto-Submitted"] = "auto-generated"
    if letter.unsubscribe_url is not None:
        message["List-Unsubscribe"] = _LINK
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html", cte="base64")
    html = list(message.iter_parts())[1]
    assert isinstance(html, MIMEPart)
    for image in mail.images:
        html.add_related(
            image.png, "image", "png", cid=f"<{image.cid}>", filename=f"{image.cid}.png", disposition="inline"
        )
    for file in mail.files:
        main, _, sub = file.mime.partition("/")
        params = {"charset": "utf-8"} if main == "text" else {}
        message.add_attachment(file.data, maintype=main, subtype=sub, filename=file.name, params=params)
    data = message.as_bytes().replace(b"Subject: " + _SUBJECT.encode(), _subject(mail.subject), 1)
    if letter.unsubscribe_url is None:
        return data
    # The library would fold one long word into encoded words, which mail programs do not read in this header.
    header = b"\r\nList-Unsubscribe: "
    return data.replace(header + _LINK.encode(), header + f"<{letter.unsubscribe_url}>".encode(), 1)


def _subject(text: str) -> bytes:
    """The header line. The library's own way of folding loses spaces between words that have to be encoded."""
    words = " ".join(text.split())
    charset = "us-ascii" if words.isascii() else "utf-8"
    return b"Subject: " + Header(words, charset, header_name="Subject").encode(linesep="\r\n").encode()


def address_of(sender: str) -> str:
    """The address in ``name <address>``."""
    return parseaddr(sender)[1]


def domain_of(address: str) -> str:
    """What stands after the @."""
    return address.rpartition("@")[2]


def _address(text: str) -> Address:
    name, address = parseaddr(text)
    return Address(display_name=name, addr_spec=address)
