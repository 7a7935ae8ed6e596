"""What the official specifications say about an outgoing call: `check=telegram_problems` or `check=twilio_problems`.

Read from the folder WASL_TEST_SPECS (by default `specs` in `../shared` beside the checkout). Where it is absent the
tables below, made by hand from the same pages, take its place; where it is present a test holds them against it.
"""

import json
import os
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from .harness import Call

FOLDER = Path(os.environ.get("WASL_TEST_SPECS") or Path(__file__).parents[3] / "shared" / "specs")
TELEGRAM, MESSAGES, CONTENT = "telegram-bot-api-10.1.json", "twilio-messages.json", "twilio-content.json"


@cache
def official(name: str) -> Any | None:
    path = FOLDER / name
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


# --- Telegram -----------------------------------------------------------------------------------------------------

# name!:Type|Type — the mark means required.
_SENDS = "chat_id!:Integer|String reply_markup:InlineKeyboardMarkup|ReplyKeyboardMarkup|ReplyKeyboardRemove|ForceReply"
TELEGRAM_METHODS_BY_HAND = {
    "sendMessage": f"{_SENDS} text!:String link_preview_options:LinkPreviewOptions message_thread_id:Integer",
    "sendDocument": f"{_SENDS} document!:InputFile|String caption:String message_thread_id:Integer",
    "sendPhoto": f"{_SENDS} photo!:InputFile|String caption:String message_thread_id:Integer",
    "sendVoice": f"{_SENDS} voice!:InputFile|String caption:String message_thread_id:Integer",
    "createForumTopic": "chat_id!:Integer|String name!:String icon_color:Integer icon_custom_emoji_id:String",
    "editForumTopic": "chat_id!:Integer|String message_thread_id!:Integer name:String icon_custom_emoji_id:String",
    "closeForumTopic": "chat_id!:Integer|String message_thread_id!:Integer",
    "reopenForumTopic": "chat_id!:Integer|String message_thread_id!:Integer",
    "deleteForumTopic": "chat_id!:Integer|String message_thread_id!:Integer",
    "getForumTopicIconStickers": "",
    "getChat": "chat_id!:Integer|String",
    "getChatMember": "chat_id!:Integer|String user_id!:Integer",
    "answerCallbackQuery": "callback_query_id!:String text:String",
    "deleteMessage": "chat_id!:Integer|String message_id!:Integer",
    "getFile": "file_id!:String",
    "getMe": "",
    "getUpdates": "offset:Integer limit:Integer timeout:Integer allowed_updates:Array of String",
    "getWebhookInfo": "",
    "setWebhook": "url!:String max_connections:Integer allowed_updates:Array of String drop_pending_updates:Boolean "
    "secret_token:String",
    "deleteWebhook": "drop_pending_updates:Boolean",
    "setMyCommands": "commands!:Array of BotCommand scope:BotCommandScope language_code:String",
    "setMyDescription": "description:String language_code:String",
    "setMyShortDescription": "short_description:String language_code:String",
}
TELEGRAM_TYPES_BY_HAND = {
    "InlineKeyboardMarkup": "inline_keyboard!:Array of Array of InlineKeyboardButton",
    "InlineKeyboardButton": "text!:String url:String callback_data:String web_app:WebAppInfo",
    "WebAppInfo": "url!:String",
    "ReplyKeyboardMarkup": "keyboard!:Array of Array of KeyboardButton resize_keyboard:Boolean "
    "one_time_keyboard:Boolean is_persistent:Boolean",
    "KeyboardButton": "text!:String request_contact:Boolean request_location:Boolean",
    "ReplyKeyboardRemove": "remove_keyboard!:Boolean",
    "ForceReply": "force_reply!:Boolean",
    "LinkPreviewOptions": "is_disabled:Boolean",
    "BotCommand": "command!:String description!:String",
    "BotCommandScope": "type!:String chat_id:Integer|String",
}
_HAND_FIELD = re.compile(r"(\w+)(!?):((?:Array of )*[\w|]+)")


def fields_by_hand(line: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "required": bool(required), "types": types.split("|")}
        for name, required, types in _HAND_FIELD.findall(line)
    ]


@cache
def telegram() -> Mapping[str, Mapping[str, Any]]:
    """`methods` and `types`, in the official file's form."""
    if found := official(TELEGRAM):
        return {"methods": found["methods"], "types": found["types"]}
    return {
        "methods": {name: {"fields": fields_by_hand(line)} for name, line in TELEGRAM_METHODS_BY_HAND.items()},
        "types": {name: {"fields": fields_by_hand(line)} for name, line in TELEGRAM_TYPES_BY_HAND.items()},
    }


_LIMITS = {
    "text": (1, 4096),
    "caption": (0, 1024),
    "description": (0, 512),
    "short_description": (0, 120),
    "name": (1, 128),
}
_PLAIN: dict[str, tuple[type, ...]] = {"String": (str,), "Integer": (int,), "Float": (int, float), "Boolean": (bool,)}


def telegram_problems(call: Call) -> list[str]:
    """What is wrong with a call of the Bot API; empty where nothing is."""
    if call.path.startswith("/file/bot"):
        return [] if call.method == "GET" else ["a file is fetched by GET"]
    named = re.fullmatch(r"/bot[^/]+/(\w+)", call.path)
    method = telegram()["methods"].get(named[1]) if named else None
    if named is None or method is None:
        return ["no such method"]
    given = {**call.fields, **call.files}
    problems = _object_problems(named[1], method.get("fields", []), given, as_text=call.kind in ("multipart", "form"))
    for name, (least, most) in _LIMITS.items():
        value = call.fields.get(name)
        if isinstance(value, str) and not least <= len(value.encode("utf-16-le")) // 2 <= most:
            problems.append(f"{name} has {len(value)} characters")
    return problems


def _object_problems(where: str, fields: list[Any], given: Mapping[str, Any], as_text: bool = False) -> list[str]:
    known = {field["name"]: field for field in fields}
    problems = [f"{where}: unknown field {name}" for name in given if name not in known]
    problems += [
        f"{where}: {name} is missing" for name, field in known.items() if field["required"] and name not in given
    ]
    for name, value in given.items():
        if name in known and not any(_is(value, kind, as_text) for kind in known[name]["types"]):
            problems.append(f"{where}: {name} is no {' or '.join(known[name]['types'])}")
    return problems


def _is(value: Any, kind: str, as_text: bool = False) -> bool:
    if kind == "InputFile":
        return hasattr(value, "data")
    if as_text and kind != "String" and isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return False
    if kind in _PLAIN:
        return isinstance(value, _PLAIN[kind]) and (kind == "Boolean" or not isinstance(value, bool))
    if kind.startswith("Array of "):
        return isinstance(value, list) and all(_is(each, kind.removeprefix("Array of ")) for each in value)
    described = telegram()["types"].get(kind)
    if described is None or not isinstance(value, dict):
        return False
    if subtypes := described.get("subtypes"):
        return any(_is(value, each) for each in subtypes)
    if _object_problems(kind, described.get("fields", []), value):
        return False
    return kind != "InlineKeyboardButton" or _is_button(value)


def _is_button(button: Mapping[str, Any]) -> bool:
    """Exactly one thing a press does, and callback data of 1 to 64 bytes."""
    does = set(button) - {"text", "style", "icon_custom_emoji_id"}
    return len(does) == 1 and 1 <= len(button.get("callback_data", "x").encode()) <= 64


# --- Twilio -------------------------------------------------------------------------------------------------------

TWILIO_MESSAGE_BY_HAND = frozenset(
    ["To", "From", "Body", "StatusCallback", "MediaUrl", "ContentSid", "ContentVariables"]
)
TWILIO_LIST_BY_HAND = frozenset(["To", "From", "DateSent>", "PageSize", "Page", "PageToken"])
TWILIO_CONTENT_BY_HAND: dict[str, Any] = {
    "type": "object",
    "required": ["language", "types"],
    "properties": {
        "friendly_name": {"type": "string"},
        "language": {"type": "string"},
        "variables": {"type": "object"},
        "types": {"type": "object"},
    },
}


def twilio_problems(call: Call) -> list[str]:
    """What is wrong with a call of Twilio's Messages or Content API. Nothing else is judged."""
    if call.method == "GET" and call.path.endswith("/Messages.json"):
        return _list_problems(call)
    if call.method != "POST":
        return []
    for name in (MESSAGES, CONTENT):
        if (document := official(name)) and (operation := _operation(document, call)):
            (media_type, body), *_ = operation["requestBody"]["content"].items()
            if (call.kind == "form") != (media_type == "application/x-www-form-urlencoded"):
                return [f"the body is no {media_type}"]
            return _schema_problems(document, body["schema"], call.fields, "body", strict=True)
    if official(MESSAGES):
        return []
    if call.path.endswith("/Messages.json"):
        return [f"body: unknown field {name}" for name in call.fields if name not in TWILIO_MESSAGE_BY_HAND]
    if call.path.endswith("/v1/Content"):
        return _schema_problems({}, TWILIO_CONTENT_BY_HAND, call.fields, "body", strict=True)
    return []


def _list_problems(call: Call) -> list[str]:
    document = official(MESSAGES)
    operation = _operation(document, call) if document else None
    if operation is None:
        return [f"query: unknown {name}" for name in call.query if name not in TWILIO_LIST_BY_HAND]
    known = {one["name"]: one["schema"] for one in operation["parameters"] if one["in"] == "query"}
    problems = [f"query: unknown {name}" for name in call.query if name not in known]
    for name, value in call.query.items():
        schema = known.get(name, {})
        problems += _schema_problems(document, schema, value, f"query {name}")
        if schema.get("type") == "integer":
            if not schema.get("minimum", 0) <= int(value) <= schema.get("maximum", int(value)):
                problems.append(f"query {name} is {value}")
        elif schema.get("format") == "date-time" and not re.match(r"\d{4}-\d\d-\d\d", value):
            problems.append(f"query {name} is no date")
    return problems


def _operation(document: Any, call: Call) -> Any | None:
    for path, methods in document["paths"].items():
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))
        if re.fullmatch(pattern, call.path) and (operation := methods.get(call.method.lower())):
            return operation
    return None


_JSON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
}


def _schema_problems(document: Any, schema: Any, value: Any, where: str, strict: bool = False) -> list[str]:
    """The part of OpenAPI that Twilio's files use. A form's list may hold one value that was not repeated."""
    if reference := schema.get("$ref"):
        schema = document["components"]["schemas"][reference.rsplit("/", 1)[-1]]
    kind = schema.get("type")
    if kind == "array" and isinstance(value, str):
        value = [value]
    if kind in ("integer", "boolean", "number") and isinstance(value, str):
        value = json.loads(value)
    if kind and not isinstance(value, _JSON_TYPES[kind]):
        return [f"{where} is no {kind}"]
    problems = []
    if "enum" in schema and value not in schema["enum"]:
        problems.append(f"{where} is none of {schema['enum']}")
    if isinstance(value, str):
        if (pattern := schema.get("pattern")) and not re.search(pattern, value):
            problems.append(f"{where} does not match {pattern}")
        if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
            problems.append(f"{where} has {len(value)} characters")
    if isinstance(value, list):
        for at, each in enumerate(value):
            problems += _schema_problems(document, schema.get("items", {}), each, f"{where}[{at}]")
    if isinstance(value, dict | Mapping):
        known = schema.get("properties", {})
        problems += [f"{where}: {name} is missing" for name in schema.get("required", ()) if name not in value]
        for name, each in value.items():
            if name in known:
                problems += _schema_problems(document, known[name], each, f"{where}.{name}")
            elif isinstance(more := schema.get("additionalProperties"), dict):
                problems += _schema_problems(document, more, each, f"{where}.{name}")
            elif strict or more is False:
                problems.append(f"{where}: unknown field {name}")
    return problems
