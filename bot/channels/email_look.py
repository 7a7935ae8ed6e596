"""How a say looks as a mail: words and HTML side by side, right to left in Arabic, with headers that say what it is."""

from collections.abc import Iterator
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from bot.channels.contract import Content
from conversations.cases.reference import find_reference
from conversations.says import Option, Say
from conversations.wording import Wording

if TYPE_CHECKING:
    from jinja2 import Template

_FOLDER = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """`whole` and `short` are the association's names; `name` goes into the Message-ID, `thread` binds a person's mails
    together."""

    sender: str
    to: str
    whole: str
    short: str
    language: str
    words: Wording
    say: Say
    name: str
    thread: str
    stop_url: str

    @property
    def domain(self) -> str:
        return self.sender.rpartition("@")[2]


def letter(one: Letter, attachment: Content | None = None) -> EmailMessage:
    say = one.say
    message = EmailMessage()
    message["From"] = Address(one.whole, addr_spec=one.sender)
    name, _, domain = one.to.rpartition("@")
    message["To"] = Address(username=name, domain=domain)
    message["Reply-To"] = Address(one.short, addr_spec=one.sender)
    message["Subject"] = subject(one)
    message["Date"] = formatdate()
    message["Message-ID"] = f"<{one.name}@{one.domain}>"
    message["References"] = f"<{one.thread}@{one.domain}>"
    if not say.by:
        message["Auto-Submitted"] = "auto-replied" if say.lane == "dialogue" else "auto-generated"
    stop = f"<mailto:{one.sender}?subject={quote(one.words('email.stop_word'))}>"
    message["List-Unsubscribe"] = f"{stop}, <{one.stop_url}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(plain(one), cte="base64")  # headers of content set before would move into this part
    message.add_alternative(html(one), subtype="html", cte="base64")
    message["Content-Language"] = one.language
    if attachment is not None:
        main, _, sub = attachment.media_type.partition("/")
        message.add_attachment(
            attachment.data, maintype=main, subtype=sub or "octet-stream", filename=attachment.name or "file"
        )
    return message


def subject(one: Letter) -> str:
    """Whoever sees it over a shoulder learns who writes, and at most a reference."""
    say, words = one.say, one.words
    if say.by:
        return words("email.subject.staff", short=one.short)
    if say.lane == "dialogue":
        return words("email.subject.dialogue", short=one.short)
    reference = find_reference(say.text)
    if reference:
        return words("email.subject.case", short=one.short, reference=reference)
    return words("email.subject.notice", short=one.short)


def plain(one: Letter) -> str:
    words = one.words
    foot = [
        one.whole,
        words("email.to_stop_by_word", word=words("email.stop_word")),
        f"{words('email.to_stop')}: {one.stop_url}",
    ]
    # Two dashes and a blank: mail programs, ours too, know that what follows is no answer.
    return "\n\n".join([*filter(None, (one.say.text, *below(one.say, words))), "-- \n" + "\n".join(foot)]) + "\n"


def below(say: Say, words: Wording) -> Iterator[str]:
    """What stands below the text, a paragraph each."""
    if say.options:
        yield "\n".join(_numbered(say.options))
        yield words("email.how")
    if say.controls:
        yield words("email.controls", controls=" · ".join(option.title for option in say.controls))
    if say.link is not None:
        yield f"{say.link.title}:\n{say.link.url}"


def _numbered(options: tuple[Option, ...]) -> Iterator[str]:
    for number, option in enumerate(options, 1):
        yield f"{number}. {option.title}" + (f": {option.about}" if option.about else "")


def html(one: Letter) -> str:
    say = one.say
    answer = f"mailto:{one.sender}?subject={quote(f'Re: {one.short}')}&body="
    values: dict[str, Any] = {
        "one": one,
        "say": say,
        "words": one.words,
        "language": one.language,
        "direction": "rtl" if one.language == "ar" else "ltr",
        "subject": subject(one),
        "blocks": [block.split("\n") for block in say.text.split("\n\n") if block.strip()],
        "options": [(option, answer + str(number)) for number, option in enumerate(say.options, 1)],
        "controls": [(option.title, answer + quote(option.title)) for option in say.controls],
    }
    return _template().render(values)


@cache
def _template() -> "Template":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    return environment.get_template("email.html")
