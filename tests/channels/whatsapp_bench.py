"""What the tests of WhatsApp share: a channel at a stand-in, and a look at each call as Twilio's documents would.

The official specifications are read where they are present; what they do not say (WhatsApp's own limits) always is.
"""

import base64
import json
import os
import re
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from bot.channels.http import Http
from bot.channels.whatsapp import WhatsApp

from .harness import Call

ACCOUNT = "AC" + "0" * 32
TOKEN = "12345"
SENDER = "+14155238000"
PERSON = "+966500000001"
PUBLIC = "https://wasl.example"
NOW = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)
SID = "SM" + "1" * 32
CONTENT = "HX" + "2" * 32
MEDIUM = f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{SID}/Media/ME" + "3" * 32
SPECS = Path(os.environ.get("WASL_TEST_SPECS") or Path(__file__).parents[3] / "shared" / "specs")


class Shelf:
    """Contents, remembered in a dictionary."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    async def get(self, digest: str) -> str:
        return self.kept.get(digest, "")

    async def put(self, digest: str, sid: str) -> None:
        self.kept[digest] = sid


def make_channel(url: str, http: Http | None = None, shelf: Shelf | None = None) -> WhatsApp:
    return WhatsApp(
        "harif",
        ACCOUNT,
        TOKEN,
        SENDER,
        PUBLIC,
        http or Http(),
        shelf or Shelf(),
        api_url=url,
        clock=lambda: NOW,
        templates={"reply_waiting": "HX" + "4" * 32},
    )


# --- what a call must be ------------------------------------------------------------------------------------------

_MESSAGE_FIELDS = {"To", "From", "Body", "MediaUrl", "ContentSid", "ContentVariables", "StatusCallback"}
_MARK = re.compile(r"\{\{(\w{1,16})\}\}")


def problems(call: Call) -> list[str]:
    """What is wrong with a call, by the specification and by WhatsApp's limits."""
    found = []
    if call.headers.get("Authorization") != "Basic " + base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode():
        found.append("not authorised")
    if call.path.endswith("/Messages.json"):
        found += _message_problems(dict(call.fields))
        fields = {name: [value] if name == "MediaUrl" else value for name, value in call.fields.items()}
        found += _against_spec("twilio-messages.json", _MESSAGE, fields)
    elif call.path == "/v1/Content":
        found += _content_problems(dict(call.fields))
        found += _against_spec("twilio-content.json", _CONTENT, call.fields)
    else:
        found.append(f"{call.path}: not expected")
    return found


def _message_problems(fields: dict[str, Any]) -> list[str]:
    found = [f"{name}: unknown" for name in fields.keys() - _MESSAGE_FIELDS]
    found += [f"{name}: no WhatsApp address" for name in ("To", "From") if not fields[name].startswith("whatsapp:")]
    if len(fields.get("Body", "")) > 1600:
        found.append("Body: too long")
    if not fields.keys() & {"Body", "MediaUrl", "ContentSid"}:
        found.append("nothing is said")
    if "ContentVariables" in fields:
        values = json.loads(fields["ContentVariables"])
        found += [
            f"variable {name}: not allowed"
            for name, value in values.items()
            if not value or len(value) > 255 or "\n" in value
        ]
        if "'" in fields["ContentVariables"]:
            found.append("an apostrophe unescaped")
    return found


def _content_problems(fields: dict[str, Any]) -> list[str]:
    names = set(_MARK.findall(json.dumps(fields["types"])))
    found = [] if names == fields["variables"].keys() else ["variables without samples"]
    (kind,) = fields["types"]
    definition = fields["types"][kind]
    if kind == "twilio/quick-reply" and not 1 <= len(definition["actions"]) <= 3:
        found.append("more buttons than a session allows")
    if kind == "twilio/list-picker" and not 1 <= len(definition["items"]) <= 10:
        found.append("more rows than a list allows")
    return found


def rendered(types: dict[str, Any], values: dict[str, str]) -> dict[str, Any]:
    """What the person gets: a content with its variables put in."""
    ((_, definition),) = types.items()
    filled: dict[str, Any] = json.loads(
        _MARK.sub(lambda mark: json.dumps(values[mark[1]])[1:-1], json.dumps(definition))
    )
    return filled


# --- the specifications -------------------------------------------------------------------------------------------

_MESSAGE = ("/2010-04-01/Accounts/{AccountSid}/Messages.json", "application/x-www-form-urlencoded")
_CONTENT = ("/v1/Content", "application/json")


@cache
def _spec(name: str) -> dict[str, Any]:
    path = SPECS / name
    return json.loads(path.read_text()) if path.exists() else {}


def _against_spec(name: str, where: tuple[str, str], value: Any) -> list[str]:
    spec = _spec(name)
    if not spec:
        return []
    path, media_type = where
    return list(
        _schema_problems(spec, spec["paths"][path]["post"]["requestBody"]["content"][media_type]["schema"], value)
    )


_TYPES: dict[str, Any] = {
    "string": str,
    "object": dict,
    "array": list,
    "integer": int,
    "boolean": bool,
    "number": (int, float),
}


def _schema_problems(spec: dict[str, Any], schema: dict[str, Any], value: Any, at: str = "") -> list[str]:
    """The part of JSON Schema that these two specifications use."""
    if "$ref" in schema:
        return _schema_problems(spec, spec["components"]["schemas"][schema["$ref"].rpartition("/")[2]], value, at)
    found: list[str] = []
    if "type" in schema and not isinstance(value, _TYPES[schema["type"]]):
        return [f"{at}: not of type {schema['type']}"]
    if isinstance(value, str):
        if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
            found.append(f"{at}: length")
        if "pattern" in schema and not re.search(schema["pattern"], value):
            found.append(f"{at}: pattern")
        if "enum" in schema and value not in schema["enum"]:
            found.append(f"{at}: none of {schema['enum']}")
    if isinstance(value, list):
        if len(value) > schema.get("maxItems", len(value)):
            found.append(f"{at}: too many")
        for number, one in enumerate(value):
            found += _schema_problems(spec, schema.get("items", {}), one, f"{at}[{number}]")
    if isinstance(value, dict):
        known, more = schema.get("properties", {}), schema.get("additionalProperties")
        found += [f"{at}.{name}: missing" for name in schema.get("required", ()) if name not in value]
        for name, one in value.items():
            if name not in known and more is False:
                found.append(f"{at}.{name}: unknown")
            part = known.get(name, more if isinstance(more, dict) else {})
            found += _schema_problems(spec, part, one, f"{at}.{name}")
    if "anyOf" in schema and all(_schema_problems(spec, one, value, at) for one in schema["anyOf"]):
        found.append(f"{at}: fits none of the alternatives")
    for one in schema.get("allOf", ()):
        found += _schema_problems(spec, one, value, at)
    return found
