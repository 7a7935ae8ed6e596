"""What a topic shows, and files both ways."""

from collections.abc import Callable
from typing import Any

import pytest

from bot.desk.words import DeskWords
from conversations.events import Media
from storage import files, staff, topics
from tests.bot.desk import PDF, Person
from tests.bot.forum import (
    OGG,
    USER,
    Failure,
    Forum,
    Line,
    number_of,
    open_topic,
    sends_file,
    waits,
)

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
"""Both databases are tried by test_staff_group_topics."""


async def with_a_name(line: Line, forum: Forum) -> tuple[Person, int]:
    person = Person(line.desk, "7001")
    await person.say("السلام عليكم")
    await person.apply()
    await person.say("ابغى موظف")
    await line.rest()
    return person, number_of(forum)


# --- what may be shown -----------------------------------------------------------------------------------------------


async def test_full_shows_the_name_and_the_words(line: Line, forum: Forum) -> None:
    person, number = await with_a_name(line, forum)
    await person.say("جوالي 0512345678 وبريدي n@example.com")
    await line.rest()
    assert "نورة السالم" in forum.topics[number].name
    assert "0512345678" in forum.topics[number].said[-1]


async def test_masked_shows_first_names_and_masks_numbers_addresses_files_and_voice(
    make_line: Callable[..., Line], forum: Forum
) -> None:
    line = make_line(shows="masked")
    person, number = await with_a_name(line, forum)
    await person.say("أنا نورة السالم جوالي 0512345678 وبريدي n@example.com")
    await line.rest()
    topic = forum.topics[number]
    assert "نورة" in topic.name
    assert "السالم" not in topic.name
    everything = "\n".join(topic.said)
    for secret in ("السالم", "0512345678", "n@example.com"):
        assert secret not in everything
    assert "••••5678" in topic.said[-1]
    await sends_file(line, person, OGG, "voice")
    await line.rest()
    assert not topic.files
    assert "رسالة صوتية، على المكتب" in topic.said[-1]


async def test_link_shows_that_something_came_and_where_it_is(make_line: Callable[..., Line], forum: Forum) -> None:
    line = make_line(shows="link")
    person, number = await with_a_name(line, forum)
    await person.say("أولًا", "ثانيًا")
    await sends_file(line, person, PDF, "document")
    await line.rest()
    topic = forum.topics[number]
    assert "نورة" not in topic.name
    everything = "\n".join(topic.said)
    told = ("نورة", "أولًا", "ابغى موظف", DeskWords("ar")("handoff.asked"))
    assert not any(words in everything for words in told)
    assert "٣ رسائل جديدة" in topic.said[-1]
    assert f"/conversation/{line.desk.id_of('7001')}" in topic.said[-1]
    assert not topic.files
    await line.staffed()
    await line.writes(USER, number, "/case")
    await line.rest()
    assert "طلب مفتوح" in topic.said[-1]
    assert "HRF-" not in topic.said[-1]


async def test_no_link_of_ours_goes_into_the_group(line: Line, forum: Forum) -> None:
    person, number = await open_topic(line, forum)
    await person.apply()
    await line.rest()
    everything = "\n".join(forum.topics[number].said)
    assert "/form/" not in everything
    assert everything.count("https://") == everything.count("https://wasl.example/desk/harif/conversation/")


async def test_without_a_public_address_the_desk_is_named_without_a_link(
    make_line: Callable[..., Line], forum: Forum
) -> None:
    line = make_line(public_url="")
    person, number = await open_topic(line, forum)
    await person.say("كلام")
    line.later(seconds=90)
    await line.rest()
    assert "المكتب" in forum.topics[number].said[-1]
    assert "http" not in "\n".join(forum.topics[number].said)


async def test_the_house_writes_in_the_groups_language(make_line: Callable[..., Line], forum: Forum) -> None:
    line = make_line(language="en")
    await waits(line)
    await line.rest()
    assert "waiting" in forum.only.name
    assert "A conversation waits for staff" in forum.only.said[0]


# --- files and voice -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "kind", "method"),
    [
        (OGG, "voice", "sendVoice"),
        (b"\xff\xd8\xff\xe0" + b"\x00" * 40, "photo", "sendPhoto"),
        (PDF, "document", "sendDocument"),
    ],
)
async def test_files_and_voice_of_the_person_are_in_the_topic(
    line: Line, forum: Forum, data: bytes, kind: str, method: str
) -> None:
    person, number = await open_topic(line, forum)
    await person.say("انظروا")
    await sends_file(line, person, data, kind, caption="هذا هو")
    await person.say("وبعده كلام")
    await line.rest()
    topic = forum.topics[number]
    assert [(sent, bytes_) for sent, _, bytes_ in topic.files] == [(method, data)]
    assert "هذا هو" in topic.files[0][1]
    assert any("وبعده كلام" in text for text in topic.said)


async def test_a_file_that_is_not_fetched_yet_is_waited_for_and_then_named(line: Line, forum: Forum) -> None:
    person, number = await open_topic(line, forum)
    event = Media(id="m", at=line.desk.now, file="theirs", kind="document")
    await person.send(person.incoming(event, source="away"))
    await person.say("وصل الملف؟")
    await line.tick(5)
    assert not any("وصل الملف؟" in text for text in forum.topics[number].said)
    line.later(seconds=70)
    await line.rest()
    assert "على المكتب" in forum.topics[number].said[-1]


async def test_a_file_the_group_does_not_take_is_named(line: Line, forum: Forum) -> None:
    person, number = await open_topic(line, forum)
    forum.fail("sendDocument", Failure(400, "Bad Request: wrong file"))
    await sends_file(line, person, PDF, "document", caption="ورقة")
    await line.rest()
    assert "لم نستطع عرض الملف" in forum.topics[number].said[-1]
    assert "ورقة" in forum.topics[number].said[-1]


@pytest.mark.parametrize(
    ("what", "data", "kind"),
    [
        ({"voice": {"file_id": "v1", "file_size": 10}}, OGG, "ogg"),
        ({"document": {"file_id": "d1", "file_name": "نموذج.pdf"}}, PDF, "pdf"),
        ({"photo": [{"file_id": "s", "width": 90}, {"file_id": "l", "width": 900}]}, b"\xff\xd8\xff\xe0" * 9, "jpeg"),
    ],
)
async def test_files_and_voice_of_a_worker_reach_the_person(
    line: Line, forum: Forum, what: dict[str, Any], data: bytes, kind: str
) -> None:
    await line.staffed()
    person, number = await open_topic(line, forum)
    forum.files |= {"v1": data, "d1": data, "l": data}
    await line.writes(USER, number, caption="تفضلوا", **what)
    await line.files()
    (file,) = line.desk.rows("files")
    assert (file.state, file.kind, file.channel) == ("ready", kind, "telegram.group")
    assert line.desk.blobs.get("harif", file.id) == data
    says = [line.desk.intake.read_say(row.body) for row in line.desk.out(person.handle)]
    sent = next(say for say in says if say.file is not None)
    assert sent.file is not None
    assert sent.file.file == str(file.id)
    assert "تفضلوا" in sent.text
    assert sent.via == "group"
    await line.rest()
    assert not forum.topics[number].files, "it stands there already"


async def test_a_file_of_a_workers_that_cannot_be_had_says_so(line: Line, forum: Forum) -> None:
    await line.staffed()
    person, number = await open_topic(line, forum)
    forum.files["d1"] = b"MZ this is a program"
    await line.writes(USER, number, document={"file_id": "d1", "file_name": "برنامج.exe"})
    await line.files()
    await line.rest()
    assert "برنامج.exe" in forum.topics[number].said[-1]
    assert "لا نأخذه" in forum.topics[number].said[-1]
    assert person.where.holder == "queue"


async def test_whoever_lost_their_access_while_the_file_came_sends_nothing(line: Line, forum: Forum) -> None:
    worker = await line.staffed()
    person, number = await open_topic(line, forum)
    forum.files["d1"] = PDF
    await line.writes(USER, number, document={"file_id": "d1", "file_name": "a.pdf"})
    line.desk.do(lambda c: staff.join(c, staff.Member("harif", worker, ended_at=line.now), line.now))
    await line.files()
    assert person.where.holder == "queue"
    assert not any(row.state == files.READY for row in line.desk.rows("files"))


async def test_what_is_erased_is_taken_out_of_the_group_too(line: Line, forum: Forum) -> None:
    await line.staffed()
    person, number = await open_topic(line, forum)
    await line.writes(USER, number, "/done")
    await line.rest()
    assert forum.topics[number].closed
    line.desk.do(topics.erase, "harif", line.desk.id_of(person.handle))
    await line.rest()
    assert not forum.topics
    await person.say("ابغى موظف")
    await line.rest()
    assert number_of(forum) != number
