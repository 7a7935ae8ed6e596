"""The bench measures what it says: its dialogue is still the request that is meant, and its floor still works."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bot.bench import dialogue, engine, floor, run
from bot.channels.http import Http
from bot.channels.telegram import Telegram
from conversations.association.load import load_association
from conversations.events import Text


@pytest.mark.parametrize("services", [5, engine.MANY])
def test_the_dialogue_is_a_request_that_gets_one_reply_a_line(services: int) -> None:
    association = engine.with_services(load_association(dialogue.ASSOCIATIONS / dialogue.SLUG), services)
    assert len(association.profile.services) == services
    engine.check(association, engine.events())


def test_what_the_bench_posts_is_what_telegram_sends() -> None:
    channel = Telegram(dialogue.SLUG, dialogue.TOKEN, dialogue.SECRET, "", Http(), {})
    for number, line in enumerate(dialogue.LINES):
        head, _, body = dialogue.request(number, 7_000_000, line).partition(b"\r\n\r\n")
        sent = dict(field.split(": ", 1) for field in head.decode().split("\r\n")[1:])
        assert int(sent["Content-Length"]) == len(body)
        assert channel.verify({name.lower(): value for name, value in sent.items()}, dialogue.PATH, body)
        (incoming,) = channel.parse(body)
        assert isinstance(incoming.event, Text)  # type: ignore[union-attr]
        assert incoming.event.text == line  # type: ignore[union-attr]


def test_the_floor_keeps_every_message_and_its_reply(database_url: str) -> None:
    app = floor.Floor(database_url, "http://127.0.0.1:1")
    updates = [
        msgspec.json.decode(dialogue.update(number, chat, "1"), type=floor._Update)
        for number, chat in enumerate([7, 8, 9])
    ]
    marks: list[Any] = []
    for turn in range(4):
        given = [msgspec.structs.replace(update, update_id=update.update_id + turn * 10) for update in updates]
        replies = app.keep(given, marks)
        assert sorted(chat for chat, _ in replies) == [7, 8, 9]
        assert app.keep(given, []) == [], "taken in twice"
        marks = [floor.Mark("55", 1, row) for _, row in replies]
    counted = app.database.connection.execute(
        "SELECT (SELECT count(*) FROM messages), (SELECT count(*) FROM messages WHERE state = 'accepted'), "
        "(SELECT count(*) FROM conversations WHERE seq = 8), (SELECT count(*) FROM beneficiaries), "
        "(SELECT count(*) FROM consents), (SELECT count(*) FROM timers)"
    ).fetchone()
    assert tuple(counted or ()) == (24, 9, 3, 3, 3, 3)
    app.database.connection.close()
    app.thread.shutdown()
    asyncio.run(app.http.close())


def test_a_part_that_there_is_not_is_refused_by_name() -> None:
    with pytest.raises(SystemExit, match="speed: no such part — one of engine, path, start"):
        run("speed")


def test_the_associations_of_the_bench_are_those_that_are_deployed() -> None:
    assert (Path(dialogue.ASSOCIATIONS) / dialogue.SLUG / "profile.toml").is_file()
