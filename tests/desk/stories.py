"""Telling a story through the desk's own pages: what a worker reads, follows and posts, and what the person is told.

A `Page` is used as by hand. A link that it does not show is not followed; a field that it does not show is not filled
in, nor a choice that it does not offer taken; what the page filled in goes with the rest. So a story breaks where a
worker would be stuck.
"""

import re
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

from conversations.events import Press
from conversations.says import Option, Say
from tests.desk.house import DESK, Browser, House, Person, words_of

_NO_VALUE = ("checkbox", "radio")


@dataclass
class Field:
    """A box, or a group of boxes of one name. `offers` is None where anything may be typed."""

    kind: str
    values: list[str] = field(default_factory=list)
    offers: list[str] | None = None
    required: bool = False


@dataclass
class Form:
    action: str
    fields: dict[str, Field] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)
    many_parts: bool = False


class _Reader(HTMLParser):
    """Forms, links and what the person would read, out of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.quotes: list[str] = []
        self._open: Form | None = None
        self._area = self._select = ""
        self._quote = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag == "blockquote":
            self._quote = True
            self.quotes.append("")
        elif tag == "form":
            self._open = Form(given.get("action", ""), many_parts="multipart" in given.get("enctype", ""))
            self.forms.append(self._open)
        elif self._open is not None and "disabled" not in given:
            self._of_form(self._open, tag, given)

    def _of_form(self, form: Form, tag: str, given: dict[str, str]) -> None:
        name = given.get("name", "")
        if tag == "button" and given.get("type", "submit") == "submit":
            form.buttons.append((name, given.get("value", "")))
        elif tag == "option" and self._select:
            known = form.fields[self._select]
            assert known.offers is not None
            known.offers.append(given.get("value", ""))
            if "selected" in given or not known.values:
                known.values = [given.get("value", "")]
        elif name and tag in ("input", "textarea", "select"):
            kind = given.get("type", "text") if tag == "input" else tag
            known = form.fields.setdefault(name, Field(kind))
            known.required |= "required" in given
            if tag != "input":
                self._area, self._select = (name, "") if tag == "textarea" else ("", name)
                known.values, known.offers = ([""], None) if tag == "textarea" else ([], [])
            elif kind in _NO_VALUE:
                known.offers = [*(known.offers or []), given.get("value", "on")]
                known.values += [given.get("value", "on")] if "checked" in given else []
            else:
                known.values = [given.get("value", "")] if kind != "file" else []

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        elif tag in ("textarea", "select"):
            self._area = self._select = ""
        elif tag == "blockquote":
            self._quote = False

    def handle_data(self, data: str) -> None:
        if self._open is not None and self._area:
            self._open.fields[self._area].values[0] += data
        if self._quote:
            self.quotes[-1] += data


class Page:
    """An answer of the desk as its reader has it before them."""

    def __init__(self, browser: Browser, answer: Any) -> None:
        self.browser, self.answer = browser, answer
        self.path = urlsplit(str(answer.url)).path
        self.says = words_of(answer.text)
        read = _Reader(answer.text)
        self.forms, self.links = read.forms, read.links
        self.quotes = [unescape(text).strip() for text in read.quotes]

    @property
    def status(self) -> int:
        return int(self.answer.status_code)

    def leads_to(self, path: str) -> bool:
        return any(_ends(link, path) for link in self.links)

    def follow(self, path: str) -> "Page":
        """The link whose address ends so (`path` may name its query too)."""
        found = next((link for link in self.links if _ends(link, path)), None)
        assert found, f"no link to {path} among {self.links}"
        return go(self.browser, found)

    def form(self, action: str, **hidden: str) -> Form:
        """The form that goes there, the one with these hidden values where there are several."""
        found = [
            form
            for form in self.forms
            if _ends(form.action, action)
            and all(
                form.fields[name].kind != "hidden" or form.fields[name].values == [value]
                for name, value in hidden.items()
                if name in form.fields
            )
        ]
        assert found, f"no form to {action} among {[form.action for form in self.forms]}: {self.says}"
        return found[0]

    def offers(self, action: str) -> bool:
        return any(_ends(form.action, action) for form in self.forms)

    def submit(self, action: str, *, status: Any = 200, files: Any = None, **given: Any) -> "Page":
        """Fill a form in as its reader would (a value, or several), and send it; what came of it."""
        form = self.form(action, **{name: value for name, value in given.items() if isinstance(value, str)})
        data = {name: one.values for name, one in form.fields.items() if one.values}
        pressed: dict[str, str] = {}
        buttons = {name for name, _ in form.buttons if name}
        for name, value in given.items():
            values = [value] if isinstance(value, str) else list(value)
            if name in buttons:
                assert (name, values[0]) in form.buttons, (name, values, form.buttons)
                pressed[name] = values[0]
                continue
            assert name in form.fields, f"{action} asks for no {name}: {sorted(form.fields)}"
            offers = form.fields[name].offers
            assert offers is None or set(values) <= set(offers), (name, values, offers)
            data[name] = values
        assert pressed or len(form.buttons) < 2 or not buttons, f"which button? {form.buttons}"
        if not pressed and form.buttons and form.buttons[0][0]:
            pressed = dict([form.buttons[0]])
        empty = [name for name, one in form.fields.items() if one.required and not any(data.get(name, []))]
        assert not empty, f"{action}: the browser would not send it without {empty}"
        browser = self.browser
        answer = browser.client.post(
            form.action, data={**data, **pressed}, files=files, headers={"origin": DESK}, follow_redirects=True
        )
        assert answer.status_code == status, (form.action, answer.status_code, words_of(answer.text))
        browser.house.settle()
        return Page(browser, answer)


def _ends(address: str, path: str) -> bool:
    return address.endswith(path) or urlsplit(address).path.endswith(path)


def go(browser: Browser, path: str) -> Page:
    """A page that is there."""
    answer = browser.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return Page(browser, answer)


def back(browser: Browser) -> Browser:
    """The same worker another day: signed in again."""
    browser.sign_in()
    return browser


def case_page(browser: Browser, id: int) -> Page:
    """A case, as it is found: through the list of cases."""
    return go(browser, "/cases").follow(f"/case/{id}")


def moves(browser: Browser, id: int, name: str, query: str = "", **given: Any) -> list[str]:
    """Make a move: from the case, by its link, seeing first what the person would be told; that is given back."""
    page = go(browser, f"/case/{id}").follow(f"/case/{id}/move/{name}{query}")
    if ("do", "make") not in page.form(f"/move/{name}").buttons or given:
        page = page.submit(f"/move/{name}", do="preview", **given)
    known = {"unverified": "1"} if "unverified" in page.form(f"/move/{name}").fields else {}
    made = page.submit(f"/move/{name}", do="make", **known)
    assert made.path.endswith(f"/case/{id}") and "تمّت الخطوة" in made.says, made.says
    return page.quotes


class Heard:
    """What a person is told, as the story goes on: each message is accounted for, once and in its order."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self._known = len(person.told)

    def new(self) -> list[str]:
        told = self.person.told
        fresh, self._known = told[self._known :], len(told)
        return fresh

    def these(self, *parts: str | tuple[str, ...]) -> list[str]:
        """Exactly so many messages came, each with its words in it; given back."""
        fresh = self.new()
        assert len(fresh) == len(parts), fresh
        for text, part in zip(fresh, parts, strict=True):
            for words in (part,) if isinstance(part, str) else part:
                assert words in text, (words, text)
        return fresh

    def nothing(self) -> None:
        assert self.new() == []


def buttons(person: Person) -> list[tuple[Say, Option]]:
    """Everything they can press, the newest message first."""
    paper = person.house.papers[person.association, person.channel]
    theirs = [say for sent, say in zip(paper.sent, paper.says, strict=True) if sent.handle == person.handle]
    return [(say, option) for say in reversed(theirs) for option in (*say.options, *say.controls)]


def offered(person: Person) -> list[str]:
    """The buttons under the last message that has any."""
    last = buttons(person)[0][0]
    return [option.title for option in last.options]


def press(person: Person, title: str) -> None:
    """The newest button of this title, with the question it belongs to."""
    for say, option in buttons(person):
        if option.title == title:
            event = Press(id="p", at=person.house.now, option=option.id, prompt=say.prompt, title=title)
            person.does(person.send(person.incoming(event)))
            return
    raise AssertionError(f"no button {title!r}; the last are {offered(person)}")


def case_of(house: House, reference: str) -> int:
    return next(int(id) for id, known in house.line.rows("cases", "id", "reference") if known == reference)


def stage(house: House, id: int) -> str:
    return next(str(at) for known, at in house.line.rows("cases", "id", "stage") if known == id)


def acts_on(house: House, id: int, association: str = "harif") -> list[tuple[str, str, str]]:
    """Who did what to this case, looking aside: who, act and detail (without its ids), oldest first."""
    mine = (row for row in house.acts(association) if row[2] == f"case:{id}" and row[1] != "view")
    return [(who, act, re.sub(r"^(sitting:)?\d{6,}$", "", detail)) for who, act, _, detail in mine]


def sitting(member: Browser, committee: str, day: str, *present: Browser) -> str:
    """A sitting planned from the committee's page, and who is there; its path."""
    page = go(member, "/committee").submit("/committee", committee=committee, day=day, hour="10:30", place="المقر")
    page.submit("/attendance", present=[str(one.id) for one in present])
    return page.path.partition(f"/desk/{member.association}")[2]


def minutes_of(sitting: str, *members: Browser) -> None:
    """Each member reads the minutes and approves them, once; with the last the sitting is over."""
    for member in members:
        page = go(member, sitting)
        assert "بانتظار الاعتماد" in page.says
        pdf = member.get(next(link for link in page.links if link.endswith("/minutes.pdf")))
        assert (pdf.headers["content-type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")
        page = page.submit("/sign")
        assert not page.offers("/sign")
    assert "محضر معتمد" in page.says
