"""Templates by Twilio's Content API: made as contents, submitted to Meta for approval, asked about.

Not by Twilio's own library: it sends fields with a request for approval that its specification does not know.
"""

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec

from bot.channels.http import Http, NotAnswered, NotSent
from bot.channels.twilio_inbound import host_is_twilio
from conversations import templates
from conversations.association.association import Association

CONTENT = "https://content.twilio.com"
STATES: Mapping[str, str] = {
    "unsubmitted": "made",
    "received": "pending",
    "pending": "pending",
    "approved": "approved",
    "rejected": "rejected",
    "paused": "paused",
    "disabled": "disabled",
}


class NotTaken(Exception):
    """Twilio did not do it: its status and code, or that it did not answer. Its words may quote what was sent."""


class Wanted(NamedTuple):
    """A template as it is to be: what Twilio is given, and the digest that tells whether it was."""

    kind: str
    language: str
    category: str
    types: dict[str, Any]
    samples: dict[str, str]
    digest: str

    @property
    def words(self) -> str:
        (definition,) = self.types.values()
        return str(definition["body"])


class State(NamedTuple):
    """As Meta has it: `state` as storage/templates.py names it, "" for one that we do not know."""

    state: str
    category: str
    why: str


def wanted(association: Association, kind: str, language: str) -> Wanted:
    words, known = association.wording[language], templates.KINDS[kind]
    said = templates.body(kind, words)
    if answer := templates.button(kind):
        actions = [{"type": "QUICK_REPLY", "title": words("option.open_news"), "id": answer}]
        types: dict[str, Any] = {"twilio/quick-reply": {"body": said, "actions": actions}}
    else:
        types = {"twilio/text": {"body": said}}
    encoded = msgspec.json.encode([language, known.category, types], order="deterministic")
    samples = templates.samples(kind, words, association.profile.short_name.to(language))
    return Wanted(kind, language, known.category, types, samples, hashlib.sha256(encoded).hexdigest())


def all_wanted(association: Association) -> list[Wanted]:
    return [wanted(association, kind, language) for kind in templates.KINDS for language in association.wording]


class Templates:
    """The templates of one account."""

    def __init__(self, http: Http, account_sid: str, auth_token: str, api_url: str) -> None:
        at_twilio = host_is_twilio(urlsplit(api_url).hostname or "")
        self._url = f"{CONTENT if at_twilio else api_url.rstrip('/')}/v1/Content"
        self._http = http
        self._headers = {
            "Authorization": "Basic " + b64encode(f"{account_sid}:{auth_token}".encode()).decode(),
            "Content-Type": "application/json",
            "Accept": "application/json",
        }

    async def make(self, slug: str, one: Wanted) -> str:
        """A new content; its id. Raises NotTaken."""
        asked = {
            "friendly_name": _name(slug, one, one.digest[:8]),
            "language": one.language,
            "variables": one.samples,
            "types": one.types,
        }
        made = await self._ask("POST", "", asked)
        if not (sid := str(made.get("sid") or "")).startswith("HX"):
            raise NotTaken("no id in the answer")
        return sid

    async def submit(self, slug: str, one: Wanted, sid: str) -> State:
        """Submit it to Meta. Raises NotTaken."""
        asked = {"name": _name(slug, one, sid[-8:].lower()), "category": one.category.upper()}
        return _state(await self._ask("POST", f"/{sid}/ApprovalRequests/whatsapp", asked))

    async def state(self, sid: str) -> State:
        """Raises NotTaken."""
        found = (await self._ask("GET", f"/{sid}/ApprovalRequests")).get("whatsapp")
        return _state(found if isinstance(found, dict) else {})

    async def _ask(self, method: str, path: str, asked: Any = None) -> dict[str, Any]:
        data = None if asked is None else msgspec.json.encode(asked)
        try:
            answer = await self._http.ask_whole(method, self._url + path, data=data, headers=self._headers)
        except (NotSent, NotAnswered) as error:
            raise NotTaken(f"no answer ({error.why})") from None
        try:
            said = msgspec.json.decode(answer.body)
        except msgspec.DecodeError:
            said = None
        said = said if isinstance(said, dict) else {}
        if not 200 <= answer.status < 300:
            code = said.get("code")
            raise NotTaken(f"status {answer.status}" + (f", code {code}" if isinstance(code, int) else ""))
        return said


def _name(slug: str, one: Wanted, tail: str) -> str:
    """Meta takes small letters, digits and underscores, each name once, and one that was deleted not for a month."""
    return f"{slug}_{one.kind}_{one.language}_{tail}".replace("-", "_")


def _state(said: Mapping[str, Any]) -> State:
    return State(
        STATES.get(str(said.get("status") or "").lower(), ""),
        str(said.get("category") or "").lower(),
        " ".join(str(said.get("rejection_reason") or "").split())[:200],
    )
