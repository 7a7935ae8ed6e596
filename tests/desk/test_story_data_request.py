"""What is kept of a person: handed to them whole, then erased; what is found afterwards, and what they were told."""

import io
import json
import zipfile

import pytest

from storage.blobs import Missing
from tests.bot.desk import PDF, WORDS
from tests.desk.house import Browser, House, Person, words_of
from tests.desk.stories import Heard, acts_on, back, case_of, case_page, go, moves, press, stage

NEWS = "السلام عليكم، هناك جديد لكم."
SAID = "جوال جارتي أم خالد معي"
KNOWN = ("نورة", WORDS["saudi_id"], WORDS["phone"])
"""What a worker would search for."""
OF_NOURA = ("نورة", WORDS["saudi_id"][-4:], WORDS["phone"], WORDS["short_address"], SAID)
STAYS = (
    "طلب المسح نفسه، لإثبات أنه طُلب وأُجيب",
    "وسيلة التواصل معكم، حتى يصلكم ردّنا. ثم تُمسح بعد أسبوع من آخر رسالة منكم",
    "سجل موافقاتكم خمس سنوات، كما توجب لائحة حماية البيانات الشخصية",
    "سجل من اطّلع ومن غيّر، وهو أرقام بلا أسماء ولا محتوى",
    "النسخ الاحتياطية حتى تنتهي مدتها",
)


def asks_for(person: Person, title: str) -> str:
    """They ask in the chat; the reference of what was filed."""
    before = {row[0] for row in person.house.line.rows("cases", "reference")}
    person.does(person.say("بياناتي"))
    press(person, title)
    if title == "حذف بياناتي":
        press(person, "نعم")
    (reference,) = {row[0] for row in person.house.line.rows("cases", "reference")} - before
    return str(reference)


def proves(officer: Browser, id: int) -> list[str]:
    """Identity first, by the original; then the case stands open to be carried out."""
    page = case_page(officer, id)
    assert not page.leads_to("/move/verify") and "تأكدوا من الهوية أولًا" in page.says
    assert not page.follow(f"/case/{id}/data").offers("/data/export"), "nothing is shown before"
    page.follow("/verify").submit("/verify", outcome="ok", matches="1")
    return moves(officer, id, "verify")


def found(officer: Browser, *asked: str) -> list[str]:
    """What of these leads to any case."""
    hits = []
    for what in asked:
        page = go(officer, "/cases").submit("/cases/search", what=what)
        hits += [what for link in page.links if "/case/" in link][:1]
    return hits


def test_a_copy_is_handed_over_then_everything_is_erased_but_what_must_stay(house: House) -> None:
    noura = house.person("7001")
    filed = noura.does(noura.apply())
    request = case_of(house, filed)
    noura.does(noura.say(SAID))
    noura.does(noura.file())
    house.later(seconds=30)
    ((file, *_),) = house.line.rows("files", "id")
    hind = house.worker("relations_officer", name="هند")
    go(hind, "/inbox").follow(f"/conversation/{noura.id}").submit("/take").submit("/done")
    heard = Heard(noura)
    assert found(hind, *KNOWN) == [*KNOWN]

    # A copy: asked for in the chat, given into their hands once it is sure whose hands they are.
    reference = asks_for(noura, "نسخة من بياناتي")
    id = case_of(house, reference)
    heard.these("ماذا تحبّون؟", f"سجّلنا طلب النسخة برقم {reference}، وتصلكم بعد التأكد من هويتكم")
    assert proves(hind, id) == heard.these(f"تأكدنا من هويتكم، ونعمل على طلبكم {reference}")
    page = case_page(hind, id).follow(f"/case/{id}/data")
    assert page.offers("/data/export")
    copy = hind.post(f"/case/{id}/data/export")
    assert copy.headers["content-disposition"].endswith(f"{reference}.zip")
    with zipfile.ZipFile(io.BytesIO(copy.content)) as packed:
        kept, read = json.loads(packed.read("data.json")), words_of(packed.read("index.html").decode())
        assert packed.read(f"files/{file}.pdf") == PDF
    assert {one["reference"] for one in kept["cases"]} == {filed, reference}
    assert all(words in read for words in (WORDS["short_text"], WORDS["saudi_id"], WORDS["short_address"], SAID))
    told = moves(hind, id, "execute", result="سلّمناكم نسختكم في المكتب")
    assert told[0] == NEWS and "سلّمناكم نسختكم في المكتب" in told[1]
    heard.these(NEWS)
    press(noura, "اطّلاع")
    heard.these(told[1])
    press(noura, "شكرًا، اكتمل")
    heard.these("كيف نخدمكم؟")
    assert stage(house, id) == "closed"
    assert [row[:2] for row in acts_on(house, id)] == [
        *((hind.who, act) for act in ("case.check", "case.move", "data.export", "case.move")),
    ]

    # Erasing: what stays is said with its reason; an open request stays until they withdraw it, which they do.
    reference = asks_for(noura, "حذف بياناتي")
    erasing = case_of(house, reference)
    heard.these("ماذا تحبّون؟", "الحذف لا رجعة فيه", (reference, "خلال ثلاثين يومًا", "خلال تسعين يومًا"))
    proves(hind, erasing)
    heard.these("تأكدنا من هويتكم")
    still_open = f"{filed}: ما زال مفتوحًا، فنحتاج بياناته حتى يُغلق أو تسحبوه."
    assert still_open in go(hind, f"/case/{erasing}").follow("/data").says
    noura.does(noura.say(filed))
    press(noura, "سحب الطلب")
    press(noura, "نعم")
    assert stage(house, request) == "withdrawn" and f"سحبنا طلبكم {filed}" in heard.new()[-1]
    page = go(hind, f"/case/{erasing}").follow("/data")
    assert still_open not in page.says and all(why in page.says for why in STAYS)
    page = page.submit("/data/erase", sure="yes")
    assert "مُحيت البيانات، وأُخبر صاحبها" in page.says and stage(house, erasing) == "executed"

    # They hear what was done, what stays and why: all that there still is of what was said.
    assert noura.told == [NEWS]
    press(noura, "اطّلاع")
    _, answer = noura.told
    assert answer.startswith(f"نفّذنا طلبكم {reference}:\nمحونا بياناتكم من عندنا") and all(
        why in answer for why in STAYS
    )
    press(noura, "شكرًا، اكتمل")
    assert stage(house, erasing) == "closed"

    # Nothing finds them any more; their cases say that they are erased, and hold nothing of them.
    assert found(hind, *KNOWN) == []
    for one in (request, id):
        says = go(hind, "/cases?closed=1").follow(f"/case/{one}").says
        assert "مُحيت بياناتها يوم الأحد ٢٢ نوفمبر ٢٠٢٦م" in says and not [words for words in OF_NOURA if words in says]
    said = go(hind, f"/conversation/{noura.id}").says
    assert not [words for words in OF_NOURA if words in said]
    house.run(house.line.rounds.upkeep.erase_files())
    with pytest.raises(Missing):
        house.line.blobs.get("harif", file)
    assert house.line.rows("case_index") == [] and house.line.rows("files") == []
    assert (hind.who, "data.erase") in [row[:2] for row in acts_on(house, erasing)]
    assert (hind.who, "case.erased") in [row[:2] for row in acts_on(house, request)]

    # A week after their last word the address goes too, as it was said.
    house.later(days=8)
    house.run(house.line.rounds.upkeep.retain())
    with pytest.raises(AssertionError, match="nobody has written from there"):
        _ = noura.id
    assert "حذف بياناتي" in go(back(hind), f"/case/{erasing}").says, "that it was asked and answered is on record"
