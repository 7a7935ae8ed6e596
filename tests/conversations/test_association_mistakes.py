"""Whoever edits a profile is told every mistake at once: file, place, problem, remedy."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conversations.association.load import RESERVED, load_association, load_associations, read_associations
from conversations.association.mistakes import ProfileMistakes
from conversations.wording import house_wording

HOUSE = Path(__file__).parents[2] / "deploy" / "associations"

Copy = Callable[..., Path]


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    """A copy of Harif's folder with edits to its profile; each edit must find what it replaces."""

    def make(*edits: tuple[str, str], slug: str = "harif") -> Path:
        folder = tmp_path / slug
        shutil.copytree(HOUSE / "harif", folder)
        profile = folder / "profile.toml"
        text = profile.read_text("utf-8")
        for old, new in edits:
            assert old in text, old
            text = text.replace(old, new, 1)
        profile.write_text(text, "utf-8")
        return folder

    return make


def mistakes_of(folder: Path) -> list[str]:
    """Without the file, which the tests of the form look at."""
    with pytest.raises(ProfileMistakes) as raised:
        load_association(folder)
    return [
        re.sub(r"^.*?/(profile\.toml|[a-z]+\.[a-z]{2}\.(md|po)): ", "", line) for line in str(raised.value).split("\n")
    ]


IBAN = 'id = "iban"\n  kind = "iban"'
ACTIVITY = 'ask_if = { field = "activity", among = ["other"] }'


def praying(latitude: float, longitude: float, minutes: int = 30) -> tuple[str, str]:
    """An edit that leaves the times of prayer alone there."""
    place = f"latitude = {latitude}, longitude = {longitude}, minutes = {minutes}"
    return "[limits]\n", f"[notices]\nprayer = {{ {place} }}\n[limits]\n"


EDITS = [
    ("another schema", ("schema = 1", "schema = 2"), '"schema" is "2" — use one of: 1'),
    ("an unknown day", ('days = ["sun", "mon"', 'days = ["sun", "mun"'),
     'hours, season "year", days 2: "days" is "mun" — use one of: '),
    ("a flood of none, which would answer nobody", ("form_minutes = 60", "flood_per_minute = 0"),
     'limits: "flood_per_minute" is too small — more than 0'),
    ("news that may never go", ("[limits]\n", '[notices]\nfrom = "21:00"\nuntil = "08:00"\n[limits]\n'),
     "notices: news may go from 21:00 until 08:00: never — begin earlier than it ends; it never goes over midnight"),
    ("somebody on duty whom no bot can write to", ("[limits]\n", '[on_duty]\ntelegram_chat = "@nora"\n[limits]\n'),
     'on_duty: telegram_chat "@nora" is no chat — write its number: 123456, or -100… for a group'),
    ("an officer for no service", ('field = "training"\nrole', 'field = "trainning"\nrole'),
     'contact_officer 2: field "trainning" is the category of no service — did you mean "training"?'),
    ("a website without its beginning", ('value = "https://www.harif.org.sa"', 'value = "www.harif.org.sa"'),
     'contact "www.harif.org.sa": value "www.harif.org.sa" is no website — write it as https://www.charity.example'),
    ("a price of no channel", ("[limits]\n", "[broadcasts]\nprices = { whatsap = 0.1 }\n[limits]\n"),
     'broadcasts, prices: unknown channel "whatsap" — did you mean "whatsapp"?'),
    ("a mistyped key", (IBAN, 'id = "iban"\n  knid = "iban"'),
     'service "project-support", field "iban": unknown key "knid" — did you mean "kind"?'),
    ("a missing key", (IBAN, 'id = "iban"'), 'service "project-support", field "iban": missing key "kind" — add it'),
    ("a key of the top", ('licence = "1306"', 'license = "1306"'), 'unknown key "license" — did you mean "licence"?'),
    ("text without quotation marks", ('licence = "1306"', "licence = 1306"),
     '"licence" must be text — put it in quotation marks'),
    ("a number in quotation marks", ("amount = 15", 'amount = "many"'),
     'promise, request: "amount" must be a whole number — write it without quotation marks'),
    ("a value of no list", ('rule = "at_most"', 'rule = "at_least"'),
     'promise, request: "rule" is "at_least" — use one of: '),
    ("a prefix of another form", ('reference_prefix = "HRF"', 'reference_prefix = "Harif"'),
     '"reference_prefix" is "Harif"'),
    ("an hour that is none", ('opens = "08:00"', 'opens = "8 am"'),
     'hours, season "year": "opens" must be a time of day — write it as "08:00"'),
    ("an hour as a number", ('opens = "08:00"', "opens = 0"),
     'hours, season "year": "opens" must be a time of day — write it as "08:00"'),
    ("an hour of another zone", ('opens = "08:00"', 'opens = "08:00+03:00"'),
     'hours, season "year": "opens" must be a time of day — write it as "08:00"'),
    ("a list that is none", ('who = ["self", "relative", "agent"]', 'who = "self"'),
     'service "family-registration": "who" must be a list — write it between [ and ]'),
    ("an unknown kind", (IBAN, 'id = "iban"\n  kind = "ibann"'),
     'service "project-support", field "iban": unknown kind "ibann" — did you mean "iban"?'),
    ("no words in a language", ('title = { ar = "النشاط", en = "Activity" }', 'title = { ar = "النشاط", en = " " }'),
     'service "family-registration", field "activity", title: no words in "en" — write them'),
    ("lines in one language only", ('    "Family record",\n', ""),
     'service "family-registration", documents: 2 lines in Arabic, 1 in English — say the same in both'),
    ("an id that stands twice", ('id = "training"', 'id = "project-support"'),
     'service "project-support": stands twice'),
    ("an id no channel carries", ('id = "perfume"', 'id = "عطور"'),
     'field "activity", choices: id "عطور" is not usable'),
    ("a question on an unknown field", (ACTIVITY, 'ask_if = { field = "activty", among = ["other"] }'),
     'field "activity_other": is asked only after "activty", which no earlier field is — did you mean "activity"?'),
    ("a question on a later field", (ACTIVITY, 'ask_if = { field = "selling", among = [true] }'),
     'field "activity_other": is asked only after "selling", which no earlier field is'),
    ("a question on an impossible answer", (ACTIVITY, 'ask_if = { field = "activity", among = ["others"] }'),
     'field "activity_other": "activity" is never answered "others" — use: food, '),
    ("a yes expected as a word", ('ask_if = { field = "other_support", among = [true] }',
                                  'ask_if = { field = "other_support", among = ["yes"] }'),
     'field "other_support_from": "other_support" is never answered "yes" — use: true, false'),
    ("a question on free text", ('ask_if = { field = "other_support", among = [true] }',
                                 'ask_if = { field = "plan", among = ["x"] }'),
     'field "other_support_from": "plan" has no fixed answers to look at'),
    ("a question that never comes", (ACTIVITY, 'ask_if = { field = "activity", among = [] }'),
     'field "activity_other": is never asked: ask_if.among is empty'),
    ("a choice without choices",
     ('id = "activity_other"\n  kind = "short_text"', 'id = "activity_other"\n  kind = "choice"'),
     'field "activity_other": kind "choice" has 0 choices — list at least two'),
    ("choices of no choice", ('id = "activity"\n  kind = "choice"', 'id = "activity"\n  kind = "short_text"'),
     'field "activity": kind "short_text" takes no choices'),
    ("a field the dialogue asks itself", ('id = "selling"', 'id = "who"'),
     'field "who": is the name of a step of the dialogue itself — rename it'),
    ("a field asked twice", ('id = "selling"', 'id = "full_name"'),
     'field "full_name": is asked as a common field already'),
    ("a long row", ('title = { ar = "تسويق منتجات"', f'title = {{ ar = "{"م" * 25}"'),
     'service "product-marketing": title.ar has 25 characters, a list row shows 24 — shorten '),
    ("a long button", ('title = { ar = "فكرة"', f'title = {{ ar = "{"ف" * 21}"'),
     'field "stage", choices "idea": title.ar has 21 characters, a button shows 20 — shorten '),
    ("a long description", ('about = { ar = "دورات تعينكم على مشروعكم المنزلي"', f'about = {{ ar = "{"د" * 73}"'),
     'service "training": about.ar has 73 characters, a list row shows 72 — shorten '),
    ("a clause that nothing fulfils", ('fulfilled_by = ["promise.request", "receipt"]', "fulfilled_by = []"),
     'clause "ت-6": nothing fulfils it — name in fulfilled_by what does'),
    ("an unknown fulfilment", ('"promise.request", "receipt"', '"promise.requests", "receipt"'),
     'clause "ت-6": unknown fulfilment "promise.requests" — did you mean "promise.request"?'),
    ("a clause that is not there", ('clause = "ت-6"', 'clause = "ت-7"'), 'promise "request": unknown clause "ت-7"'),
    ("an unknown source", ('serves = ["fax"]', 'serves = ["faxx"]'),
     'channel "fax": serves the unknown "faxx" — did you mean "fax"?'),
    ("a chat that counts as nothing", ('"letter", "telegram", ', '"letter", '),
     'channel: no channel of the policy serves "telegram"'),
    ("a chat that counts twice", ('serves = ["fax"]', 'serves = ["fax", "telegram"]'),
     'channel "fax": "telegram" counts as "correspondence" already'),
    ("a promise of no amount", ("amount = 15", "amount = 0"), 'promise "request": rule "at_most" needs an amount'),
    ("an unknown kind of case", ("[promise.complaint]", "[promise.complaints]"),
     'promise "complaints": no such kind of case — did you mean "complaint"?'),
    ("silence without an end", ('rule = "none"', 'rule = "none"\namount = 3'),
     'promise "complaint": rule "none" takes no amount and no aim'),
    ("an office that closes first", ('closes = "16:00"', 'closes = "07:00"'),
     'hours, season "year": closes before it opens'),
    ("women's hours with one end", ('women_closes = "14:00"\n', ""), 'season "year": women\'s hours need both ends'),
    ("a place of prayer far away", praying(48.86, 2.35),
     "notices, prayer: latitude 48.86 is not in the Kingdom — degrees between 16 and 33"),
    ("a place of prayer with its degrees exchanged", praying(50.1, 26.43),
     "notices, prayer: longitude 26.43 is not in the Kingdom — degrees between 34 and 56"),
    ("a place of prayer that is no number", praying(float("nan"), 50.1),
     "notices, prayer: latitude nan is not in the Kingdom"),
    ("a prayer of hours", praying(26.43, 50.1, 90),
     'notices, prayer: "minutes": Input should be less than or equal to 60'),
    ("no rest of the year", ("hijri_months = [9]\n", ""), "hours: exactly one season must be without hijri_months"),
    ("a thirteenth month", ("hijri_months = [9]", "hijri_months = [13]"),
     'season "ramadan": there is no Hijri month 13'),
    ("no number for children", ('id = "child"', 'id = "on_duty"'), 'hotline: no "child"'),
    ("a number that cannot be dialled", ('number = "116111"', 'number = "11 61"'), 'number "11 61" cannot be dialled'),
    ("a reply at hand that asks for what nobody knows", ("Hello {name}.", "Hello {nmae}."),
     'canned_reply "welcome", text.en: unknown placeholder "{nmae}" — did you mean "name"?'),
    ("a reply at hand that is a letter", ("Hello {name}.", "Hello. " * 160),
     'canned_reply "welcome", text.en: 1137 characters — at most 1000'),
    ("an unknown retention", ("suggestion = 365", "sugestion = 365"),
     'privacy, retention_days: unknown kind "sugestion" — did you mean "suggestion"?'),
    ("a document that is not there", ('id = "bylaws"', 'id = "bylaws"\nfile = "bylaws.pdf"'),
     'tool "bylaws": no file "bylaws.pdf" in documents/'),
    ("consent to nothing", ('category = "training"', 'category = "training"\nsensitive_purpose = "health"'),
     'service "training": asks consent for "health" and no field is sensitive'),
]  # fmt: skip


@pytest.mark.parametrize(("edit", "said"), [row[1:] for row in EDITS], ids=[row[0] for row in EDITS])
def test_a_mistake_is_named_with_its_place_and_remedy(copy: Copy, edit: tuple[str, str], said: str) -> None:
    assert any(said in line for line in mistakes_of(copy(edit)))


def asked(survey: str, more: str = "", **question: str) -> tuple[str, str]:
    """An edit of a survey of Harif's: keys of its own, and a question."""
    first = f'id = "{survey}"\nready = "{survey}"\n'
    words = {"title": '{ ar = "سؤال", en = "A question" }', "ask": '{ ar = "سؤال؟", en = "A question?" }'}
    keys = ", ".join(f"{key} = {value}" for key, value in (words | question).items())
    return first, f"{first}{more}question = [{{ {keys} }}]\n" if question else f"{first}{more}"


CHOICES = '[{ id = "a", title = { ar = "أ", en = "A" } }, { id = "b", title = { ar = "ب", en = "B" } }]'
LONG_CHOICE = CHOICES.replace('ar = "أ"', f'ar = "{"م" * 21}"')
CONDITION = '{ field = "%s", among = %s }'
SURVEYS = [
    ("an unknown ready one", ('ready = "decided"', 'ready = "decidd"'),
     'survey "decided": no ready survey "decidd" — did you mean "decided"?'),
    ("a survey that stands twice", ('id = "delivered"\nready', 'id = "decided"\nready'),
     'survey "decided": stands twice'),
    ("a question on no question", asked("decided", id='"more"', kind='"words"', ask_if=CONDITION % ("efort", "[5]")),
     'survey "decided", question "more": is asked only after "efort", which no earlier question is — '
     'did you mean "effort"?'),
    ("a question on a later one", asked("decided", id='"effort"', kind='"effort"', ask_if=CONDITION % ("words", "[1]")),
     'question "effort": is asked only after "words", which no earlier question is'),
    ("a question that never comes", asked("decided", id='"more"', kind='"words"', ask_if=CONDITION % ("effort", "[]")),
     'question "more": is never asked: ask_if.among is empty'),
    ("an impossible answer", asked("decided", id='"more"', kind='"words"', ask_if=CONDITION % ("effort", "[6]")),
     'question "more": "effort" is never answered "6" — use: 1, 2, 3, 4, 5'),
    ("a yes as a word", asked("delivered", id='"more"', kind='"words"', ask_if=CONDITION % ("as_said", '["no"]')),
     'question "more": "as_said" is never answered "no" — use: true, false'),
    ("a question on several choices",
     asked("delivered", id='"more"', kind='"words"', ask_if=CONDITION % ("lack", '["late"]')),
     'question "more": "lack" has no fixed answers to look at'),
    ("a missing language", asked("decided", id='"more"', kind='"words"', ask='{ ar = "سؤال؟", en = "" }'),
     'survey "decided", question "more", ask: no words in "en" — write them'),
    ("a button too long", asked("decided", id='"more"', kind='"choice"', choices=LONG_CHOICE),
     'survey "decided", question "more", choices "a": title.ar has 21 characters, a button shows 20 — shorten '),
    ("a choice without choices", asked("decided", id='"more"', kind='"choice"'),
     'question "more": kind "choice" has 0 choices — list at least two'),
    ("choices of faces", asked("decided", id='"more"', kind='"faces"', choices=CHOICES),
     'question "more": kind "faces" takes no choices'),
    ("names no button carries", asked("decided", id='"a_question_so_long"', kind='"choice"', choices=CHOICES),
     'question "a_question_so_long": its id and that of "a" have 19 characters — shorten them'),
    ("a number from nought to ten", asked("decided", id='"nps"', kind='"recommend"'),
     'question "nps": asks for a number from 0 to 10 — remove it, or set recommend = true in [asking]'),
    ("a voice without a name", asked("periodic", id='"voice"', kind='"voice"'),
     'survey "periodic", question "voice": an anonymous survey takes no voice — use kind "words"'),
    ("a question that tells an anonymous answer",
     asked("periodic", id='"more"', kind='"words"', ask_if=CONDITION % ("speed", "[1]")),
     'question "more": that it is asked would tell what was answered'),
    ("no question at all", ('[[survey]]\nid = "decided"', '[[survey]]\nid = "empty"\nquestion = []\nevery = "month"\n'
     'title = { ar = "ا", en = "a" }\nwhy = { ar = "ا", en = "a" }\n\n[[survey]]\nid = "decided"'),
     'survey "empty": 0 questions — one to 12'),
    ("every and cron", asked("periodic", 'every = "month"\ncron = "0 10 1 * *"\n'),
     'survey "periodic": both every and cron say when it runs — use one'),
    ("neither every nor cron", asked("periodic", 'every = ""\n'),
     'survey "periodic": neither every nor cron say when it runs — use one, such as every = "quarter"'),
    ("a period for what has its day", asked("decided", 'every = "month"\n'),
     'survey "decided": is asked when a case was decided, not each period — remove every and cron'),
    ("a day of the week as a number", asked("periodic", 'cron = "0 10 * * 1"\n'),
     'cron "0 10 * * 1": a number for a day of the week — write its name: sun, mon'),
    ("a day of no week", asked("periodic", 'cron = "0 10 * * sunday"\n'), '"sunday" is no day of the week'),
    ("a cron of four", asked("periodic", 'cron = "0 10 * *"\n'), 'cron "0 10 * *": 4 fields — five: minute, hour'),
    ("an hour that is none", asked("periodic", 'cron = "0 25 * * sun"\n'), '"25" is no hour — use * or 0 to 23'),
    ("a month that is none", asked("periodic", 'cron = "0 10 1 13 *"\n'), '"13" is no month'),
    ("days backwards", asked("periodic", 'cron = "0 10 20-10 * *"\n'), '"20-10" ends before it begins'),
    ("a step over the end", asked("periodic", 'cron = "0 10 */40 * *"\n'), '"*/40" is no day of the month'),
    ("a day that never comes", asked("periodic", 'cron = "0 10 30 2 *"\n'), "month 2 has no day 30 — name a day"),
    ("every hour", asked("periodic", 'cron = "0 * * * sun"\n'), "runs many times a day — name one minute and one hour"),
    ("every day", asked("periodic", 'cron = "0 10 * * *"\n'),
     "runs every day — name a day of the week or of the month"),
    ("a reminder after the end", asked("decided", "open_days = 4\n"),
     'survey "decided": reminds on day 4 and is over on day 4 — remind earlier'),
    ("reminders out of order", asked("decided", "remind_days = [7, 3]\n"), 'survey "decided": remind_days [7, 3]'),
    ("three reminders", asked("decided", "remind_days = [1, 2, 3]\n"), 'survey "decided": "remind_days"'),
    ("an unknown service", asked("decided", 'audience = { services = ["trainning"] }\n'),
     'survey "decided", audience: services: unknown "trainning" — did you mean "training"?'),
    ("an unknown kind of case", asked("decided", 'audience = { kinds = ["requests"] }\n'),
     'audience: kinds: unknown "requests" — did you mean "request"?'),
    ("an unknown channel", asked("decided", 'audience = { channels = ["watsapp"] }\n'),
     'audience: channels: unknown "watsapp" — did you mean "whatsapp"?'),
    ("a stage of another kind", asked("decided", 'audience = { kinds = ["suggestion"], stages = ["delivered"] }\n'),
     'audience: no suggestion is ever "delivered"'),
    ("a day that is none", asked("decided", 'audience = { opened_from = "1/1/2026" }\n'),
     'audience: opened_from "1/1/2026" is no day — write it as 2026-11-22'),
    ("days out of order", asked("decided", 'audience = { opened_from = "2026-02-01", opened_until = "2026-01-01" }\n'),
     "audience: opened_from is later than opened_until"),
    ("a clause of another policy", ('clause = "د-1"', 'clause = "هدف-5"'), 'survey "periodic": unknown clause "هدف-5"'),
    ("an unknown kind of question", asked("decided", id='"more"', kind='"stars"'),
     'survey "decided", question "more": "kind" is "stars" — use one of: '),
]  # fmt: skip


@pytest.mark.parametrize(("edit", "said"), [row[1:] for row in SURVEYS], ids=[row[0] for row in SURVEYS])
def test_a_mistake_of_a_survey_is_named_with_its_place_and_remedy(copy: Copy, edit: tuple[str, str], said: str) -> None:
    found = mistakes_of(copy(edit))
    assert any(said in line for line in found), found


@pytest.mark.parametrize(
    "cron", ["0 10 * * sun", "30 9 1 * *", "0 10 1 jan,jul *", "0 10 * * sun-thu", "15 8 1-7 */3 sat"]
)
def test_a_cron_with_names_of_days_is_taken(copy: Copy, cron: str) -> None:
    survey = load_association(copy(asked("periodic", f'cron = "{cron}"\n'))).profile.survey("periodic")
    assert survey is not None and (survey.cron, survey.every) == (cron, "")


def test_a_survey_takes_from_the_ready_one_what_it_does_not_say(copy: Copy) -> None:
    own = asked("decided", "open_days = 5\n", id='"overall"', kind='"scale"')
    survey = load_association(copy(own)).profile.survey("decided")
    assert survey is not None
    assert (survey.open_days, survey.occasion) == (5, "decided")
    assert [(one.id, one.kind) for one in survey.questions][-2:] == [("overall", "scale"), ("words", "words")]


def test_a_question_of_its_own_comes_before_the_open_one(copy: Copy) -> None:
    survey = load_association(copy(asked("decided", id='"place"', kind='"yes_no"'))).profile.survey("decided")
    assert survey is not None
    assert [one.id for one in survey.questions] == ["effort", "clarity", "overall", "place", "words"]


def test_a_mistake_in_a_ready_survey_is_nobodys(copy: Copy) -> None:
    """One mistake of a survey is one line, however many questions it took from the ready one."""
    assert len(mistakes_of(copy(('ready = "decided"', 'ready = "decidd"')))) == 1


def test_a_mistyped_key_is_one_mistake_and_not_two(copy: Copy) -> None:
    assert len(mistakes_of(copy((IBAN, 'id = "iban"\n  knid = "iban"')))) == 1


def test_a_line_reads_file_place_problem_remedy(copy: Copy, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = copy((IBAN, 'id = "iban"\n  knid = "iban"'))
    monkeypatch.chdir(folder.parent)
    with pytest.raises(ProfileMistakes) as raised:
        load_association(folder)
    assert str(raised.value) == (
        'harif/profile.toml: service "project-support", field "iban": unknown key "knid" — did you mean "kind"?'
    )


def test_all_mistakes_of_all_profiles_come_at_once(copy: Copy) -> None:
    first = copy(('rule = "at_most"', 'rule = "soon"'), ('opens = "08:00"', 'opens = "8"'))
    copy(('serves = ["fax"]', 'serves = ["faxx"]'), slug="other")
    with pytest.raises(ProfileMistakes) as raised:
        load_associations(first.parent)
    lines = str(raised.value).split("\n")
    assert sum("harif/profile.toml" in line for line in lines) == 2
    assert any("other/profile.toml" in line and '"faxx"' in line for line in lines)
    assert len(lines) == len(raised.value.mistakes)


def test_broken_toml_names_its_line(copy: Copy) -> None:
    (line,) = mistakes_of(copy(('slug = "harif"', 'slug = "harif')))
    assert line.startswith("line 6, column ")


def test_a_profile_that_is_missing_or_not_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "latin").mkdir()
    (tmp_path / "latin" / "profile.toml").write_bytes("slug = 'é'".encode("latin-1"))
    _, mistakes = read_associations(tmp_path)
    assert [mistake.problem for mistake in mistakes] == ["no such file", "is not UTF-8"]


def test_files_saved_by_notepad_are_read(copy: Copy) -> None:
    folder = override(copy(), "ar", "welcome.how", "حيّاكم، كيف نخدمكم؟")
    for name in ("profile.toml", "knowledge.ar.md", "wording.ar.po"):
        (folder / name).write_text((folder / name).read_text("utf-8"), "utf-8-sig")
    read = load_association(folder)
    assert read.wording["ar"].sentences["welcome.how"] == "حيّاكم، كيف نخدمكم؟"
    assert read.knowledge["ar"] == load_association(HOUSE / "harif").knowledge["ar"]


def test_a_folder_without_associations_is_a_mistake(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ProfileMistakes, match="no association here"):
            load_associations(folder)


@pytest.mark.parametrize("slug", sorted(RESERVED))
def test_a_slug_that_is_a_route_is_refused(copy: Copy, slug: str) -> None:
    (line,) = mistakes_of(copy(('slug = "harif"', f'slug = "{slug}"'), slug=slug))
    assert f'slug "{slug}" is also a route of the server' in line


def test_a_folder_must_be_named_as_its_slug(copy: Copy) -> None:
    (line,) = mistakes_of(copy(slug="another"))
    assert 'slug "harif" differs from the folder\'s name "another"' in line


def test_two_associations_may_not_share_slug_or_prefix(copy: Copy) -> None:
    folder = copy(slug="harif")
    copy(('slug = "harif"', 'slug = "second"'), slug="second")
    associations, mistakes = read_associations(folder.parent)
    assert len(associations) == 2
    assert ['reference_prefix "HRF" is already that of' in str(mistake) for mistake in mistakes] == [True]


PO = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'


def override(folder: Path, language: str, key: str, words: str) -> Path:
    (folder / f"wording.{language}.po").write_text(f'{PO}msgid "{key}"\nmsgstr "{words}"\n', "utf-8")
    return folder


def test_an_association_says_a_sentence_its_own_way(copy: Copy) -> None:
    association = load_association(override(copy(), "ar", "apply.thanks", "شكرًا لكم من القلب."))
    assert association.wording["ar"]("apply.thanks") == "شكرًا لكم من القلب."
    assert association.wording["en"]("apply.thanks") != "شكرًا لكم من القلب."


def test_an_override_of_no_sentence_is_a_mistake(copy: Copy) -> None:
    (line,) = mistakes_of(override(copy(), "ar", "apply.thank", "شكرًا"))
    assert line == 'unknown key "apply.thank" — did you mean "apply.thanks"?'


def test_an_override_keeps_the_placeholders(copy: Copy) -> None:
    lines = mistakes_of(override(copy(), "ar", "suggest.received", "وصل اقتراحكم {referense}"))
    assert any("does not say {reference}" in line for line in lines)
    assert any("unknown placeholder {referense}" in line and "reference" in line for line in lines)


def test_a_broken_catalogue_names_its_line(copy: Copy) -> None:
    folder = copy()
    (folder / "wording.en.po").write_text(f'{PO}msgid "apply.thanks"\nmsgstr "Thanks"\nThank you\n', "utf-8")
    (line,) = mistakes_of(folder)
    assert line.startswith("line 6: ")


def test_a_counted_sentence_needs_every_form_of_the_language(copy: Copy) -> None:
    folder = copy()
    key = next(key for key, words in house_wording("ar").sentences.items() if not isinstance(words, str))
    sentence = f'msgid "{key}"\nmsgid_plural "{key}"\nmsgstr[0] "{{count}}"\nmsgstr[1] "{{count}}"\n'
    (folder / "wording.ar.po").write_text(PO + sentence, "utf-8")
    assert f'"{key}": has 2 forms, the language needs 6 — write each msgstr' in mistakes_of(folder)


@pytest.mark.parametrize("name", ["wording.ar.po", "knowledge.ar.md"])
def test_words_that_are_not_utf8_are_named(copy: Copy, name: str) -> None:
    folder = copy()
    (folder / name).write_bytes('msgid "é"\nmsgstr "é"\n'.encode("latin-1"))
    (line,) = mistakes_of(folder)
    assert "is not UTF-8" in line


def test_knowledge_without_question_or_answer_is_a_mistake(copy: Copy) -> None:
    folder = copy()
    (folder / "knowledge.en.md").write_text(
        f"# Answers\n\n## Fees\n\nNone.\n\n## Hours\n- When?\n\n## {'T' * 25}\n- What?\n\nThat.\n", "utf-8"
    )
    assert mistakes_of(folder) == [
        '"Fees": has no question — add a line "- …?" below the title',
        '"Hours": has no answer — write it below the questions',
        f'"{"T" * 25}": title has 25 characters, a list row shows 24 — shorten it',
    ]


def test_knowledge_is_read_as_questions_and_their_answer(copy: Copy) -> None:
    folder = copy()
    (folder / "knowledge.en.md").write_text(
        "## Fees\n- What does it cost?\n- Is it free?\n\nWe know of none.\n\n- Ask a person.\n", "utf-8"
    )
    (entry,) = load_association(folder).knowledge["en"]
    assert (entry.title, entry.questions) == ("Fees", ("What does it cost?", "Is it free?"))
    assert entry.answer == "We know of none.\n\n- Ask a person."


LINES = (HOUSE / "harif" / "profile.toml").read_text("utf-8").split("\n")


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    number=st.integers(0, len(LINES) - 1),
    value=st.sampled_from(
        ["", "0", "-1", "true", '""', '"x"', "[]", "[1]", "{}", "{ x = 1 }", "2026-11-22", "08:00:00"]
    ),
)
def test_whatever_a_line_becomes_it_loads_or_is_a_list_of_mistakes(tmp_path: Path, number: int, value: str) -> None:
    folder = tmp_path / "harif"
    folder.mkdir(exist_ok=True)
    key, equals, _ = LINES[number].partition(" = ")
    changed = f"{key} = {value}" if equals and value else ""
    (folder / "profile.toml").write_text("\n".join([*LINES[:number], changed, *LINES[number + 1 :]]), "utf-8")
    associations, mistakes = read_associations(tmp_path)
    assert associations or mistakes
    assert all(str(mistake).startswith(mistake.file) and mistake.problem for mistake in mistakes)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.lists(st.sampled_from(["## A", "## B", "- Q?", "words", "", "# top", "-", "##", "## "]), max_size=12))
def test_whatever_a_knowledge_file_holds_each_entry_has_all_three_parts_or_is_a_mistake(
    tmp_path: Path, text: list[str]
) -> None:
    from conversations.association.load import _read_knowledge

    path = tmp_path / "knowledge.en.md"
    path.write_text("\n".join(text), "utf-8")
    entries, mistakes = _read_knowledge(path)
    whole = all(entry.title and entry.questions and entry.answer for entry in entries)
    assert mistakes or (whole and entries)
