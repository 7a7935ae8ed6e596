"""The judge itself: it finds what is wrong, and the tables made by hand agree with the official ones."""

from typing import Any

import pytest

from .harness import Call, Upload
from .specs import (
    CONTENT,
    FOLDER,
    MESSAGES,
    TELEGRAM,
    TELEGRAM_METHODS_BY_HAND,
    TELEGRAM_TYPES_BY_HAND,
    TWILIO_CONTENT_BY_HAND,
    TWILIO_LIST_BY_HAND,
    TWILIO_MESSAGE_BY_HAND,
    fields_by_hand,
    official,
    telegram_problems,
    twilio_problems,
)

with_specs = pytest.mark.skipif(official(TELEGRAM) is None, reason=f"no official specifications in {FOLDER.name}/")


def call(path: str, kind: Any = "json", files: Any = None, **fields: Any) -> Call:
    return Call("POST", path, {}, {}, fields, files or {}, b"", kind)


def bot(method: str, **more: Any) -> list[str]:
    return telegram_problems(call(f"/bot1:x/{method}", **more))


BUTTON = {"text": "نعم", "callback_data": "1:yes"}


def keyboard(*buttons: Any) -> dict[str, Any]:
    return {"inline_keyboard": [list(buttons)]}


def test_a_good_call_has_no_problems() -> None:
    assert bot("sendMessage", chat_id=1, text="نعم؟", reply_markup=keyboard(BUTTON)) == []
    assert bot("sendMessage", chat_id=1, text="م", reply_markup={"remove_keyboard": True}) == []
    upload = Upload("a.pdf", "application/pdf", b"%PDF")
    markup = '{"inline_keyboard": []}'
    assert bot("sendDocument", kind="multipart", chat_id="1", files={"document": upload}, reply_markup=markup) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"text": "م"},
        {"chat_id": 1},
        {"chat_id": 1, "text": ""},
        {"chat_id": 1, "text": "😀" * 2049},
        {"chat_id": 1, "text": 7},
        {"chat_id": 1.5, "text": "م"},
        {"chat_id": 1, "text": "م", "txet": "م"},
        {"chat_id": 1, "text": "م", "reply_markup": {"inline_keyboard": [BUTTON]}},
        {"chat_id": 1, "text": "م", "reply_markup": keyboard({"text": "بلا فعل"})},
        {"chat_id": 1, "text": "م", "reply_markup": keyboard(BUTTON | {"url": "https://x.example"})},
        {"chat_id": 1, "text": "م", "reply_markup": keyboard(BUTTON | {"callback_data": "x" * 65})},
        {"chat_id": 1, "text": "م", "link_preview_options": {"is_disabled": "yes"}},
    ],
)
def test_a_bad_call_of_telegram_is_found(fields: dict[str, Any]) -> None:
    assert bot("sendMessage", **fields)


def test_a_method_that_does_not_exist_is_found() -> None:
    assert bot("sendMesage", chat_id=1, text="م")
    assert telegram_problems(call("/sendMessage", chat_id=1, text="م"))


ACCOUNT = "/2010-04-01/Accounts/AC" + "0" * 32
MESSAGE = {"To": "whatsapp:+966500000000", "From": "whatsapp:+14155238886", "Body": "م"}


def test_a_good_message_by_twilio_has_no_problems() -> None:
    assert twilio_problems(call(f"{ACCOUNT}/Messages.json", kind="form", **MESSAGE)) == []


def test_an_unknown_field_of_twilio_is_found() -> None:
    assert twilio_problems(call(f"{ACCOUNT}/Messages.json", kind="form", **MESSAGE, Txet="م"))
    assert twilio_problems(call("/v1/Content", language="ar", types={}, body="م"))
    assert twilio_problems(call("/v1/Content", types={}))


def listing(**query: str) -> list[str]:
    return twilio_problems(Call("GET", f"{ACCOUNT}/Messages.json", query, {}, {}, {}, b"", "none"))


def test_a_wrong_list_of_messages_is_found() -> None:
    assert listing(**{"DateSent>": "2026-11-20", "PageSize": "1000"}) == []
    assert listing(**{"DateSent>=": "2026-11-20"})
    assert listing(Size="1000")


@with_specs
def test_a_wrong_value_of_a_list_is_found() -> None:
    assert listing(PageSize="1001") and listing(PageSize="0") and listing(**{"DateSent>": "yesterday"})


@with_specs
def test_a_wrong_content_is_found_deep_inside() -> None:
    good = {"twilio/quick-reply": {"body": "م", "actions": [{"type": "QUICK_REPLY", "title": "نعم", "id": "1:y"}]}}
    bad = {"twilio/quick-reply": {"body": "م", "actions": [{"type": "REPLY", "id": "1:y"}]}}
    assert twilio_problems(call("/v1/Content", language="ar", types=good)) == []
    assert len(twilio_problems(call("/v1/Content", language="ar", types=bad))) == 2
    assert twilio_problems(call(f"{ACCOUNT}/Messages.json", kind="json", **MESSAGE))


@with_specs
def test_the_tables_made_by_hand_agree_with_the_official_ones() -> None:
    official_telegram = official(TELEGRAM)
    assert official_telegram
    for kind, tables in (("methods", TELEGRAM_METHODS_BY_HAND), ("types", TELEGRAM_TYPES_BY_HAND)):
        for name, line in tables.items():
            there = {field["name"]: field for field in official_telegram[kind][name].get("fields", [])}
            subtypes = official_telegram[kind][name].get("subtypes")
            for field in fields_by_hand(line):
                if not subtypes:
                    assert field["required"] == there[field["name"]]["required"], (name, field)
                    assert set(field["types"]) <= set(there[field["name"]]["types"]), (name, field)
            ours = {field["name"] for field in fields_by_hand(line)}
            assert {field for field, found in there.items() if found["required"]} <= ours, name


@with_specs
def test_the_hand_made_fields_of_twilio_are_official() -> None:
    messages, content = official(MESSAGES), official(CONTENT)
    assert messages and content
    create = next(methods["post"] for path, methods in messages["paths"].items() if path.endswith("/Messages.json"))
    form = create["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]["properties"]
    assert set(form) >= TWILIO_MESSAGE_BY_HAND
    listed = next(methods["get"] for path, methods in messages["paths"].items() if path.endswith("/Messages.json"))
    assert {one["name"] for one in listed["parameters"]} >= TWILIO_LIST_BY_HAND
    schema = content["components"]["schemas"]["ContentCreateRequest"]
    assert set(schema["properties"]) == set(TWILIO_CONTENT_BY_HAND["properties"])
    assert schema["required"] == TWILIO_CONTENT_BY_HAND["required"]
