"""Whatever happens, in whatever order: never an exception, always an answer, and nothing that was answered is lost.

The same lives every time; LIVES=20000 in the environment tries as many others.
"""

import os
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeVar

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conversations.answers.contract import Got, Later
from conversations.cases import lifecycle
from conversations.course import course
from conversations.engine import Turn
from conversations.events import (
    Answered,
    Asked,
    BroadcastSent,
    CaseMoved,
    CaseUpdate,
    Contact,
    FileReady,
    FileRefused,
    FormFilled,
    Found,
    Location,
    Media,
    Opened,
    Press,
    RenewForm,
    SurveyInvited,
    Text,
    TimePassed,
    Unreachable,
)
from tests.conversations.robot import CHANNELS, WORDS, associations
from tests.conversations.watched import Watched

TEXTS = (
    *("السلام عليكم", "ابغى دعم لمشروعي", "ابغى اشتكي على تأخيركم", "ما ابغى اشتكي", "وين وصل طلبي", "شكراً جزيلاً لكم"),
    *("عاجل", "إلغاء", "رجوع", "تخطي", "لاحقاً", "نكمل", "تعديل", "الكل", "القائمة", "وقف", "إيقاف", "ابدأ", "موظفة"),
    *(
        "موظف",
        "بياناتي",
        "سحب الموافقة",
        "english",
        "عربي",
        "مساعدة",
        "وش يعني",
        "اتصلوا بي",
        "الجوال مشترك",
        "لشخص آخر",
    ),
    *(
        "نعم",
        "لا",
        "١",
        "٢",
        "3",
        "٩٩",
        "0",
        "-5",
        "1012345672",
        "١٠١٢٣٤٥٦٧٢",
        "SA0380000000608010167519",
        "0500000001",
    ),
    *("يا حرامية", "بحرقكم", "ودي أموت", "أبوي يضربني", "ميت جوع", "صاحب الرقم توفى", "ابغى اتبرع", "عندكم وظايف؟"),
    *(
        "asdfgh jkl",
        "؟؟؟",
        "...",
        " ",
        "",
        "\u200f\u202b\u2069",
        "\x00\x07",
        "👍",
        "🤔🤔",
        "🕌 ❤️",
        "²",
        "{0}",
        "{name}",
        "%s",
    ),
    *("١٢/٣/١٤١٠", "1990-05-01", "1/1/2015", "RRRD2929", "noura@example.com", "https://maps.google.com/?q=24.7,46.6"),
    *("نورة بنت سالم", "ماكينة خياطة وأقمشة", "5000 ريال", "ما عندي", "بعدين", "HRF-22222-22222", "من 5 الى 7"),
    *("كلمة " * 800, "x" * 4000, "1" * 4000, "لا " * 1300, "سطر\n" * 500),
    *(
        "I want to apply for support",
        "complaint",
        "stop",
        "start",
        "back",
        "cancel",
        "skip",
        "what does this mean?",
        "yes",
    ),
    *(
        "بنتي عمرها 12 سنة",
        "أقدم لأمي",
        "طلقني زوجي وما عندي احد",
        "مو موافق",
        "موافق",
        "نعم أقر",
        "نورة السالم الحربي",
    ),
)
OPTIONS = (
    *("confirm:yes", "confirm:no", "review:yes", "review:edit", "review:read", "edit:who", "edit:", "edit:nothing"),
    *("form:done", "form:new", "resume:0", "resume:9", "resume:²", "resume:", "fresh:0", "fresh:x", "cancel:yes"),
    *("stop:waqf", "track:HRF-22222-22222", "track:", "receipt:HRF-22222-22222", "member:0", "member:new", "member:²"),
    *("ask:0", "ask:99", "ask:²", "allow:1-HRF-22222-22222", "deny:", "nothing:at all", ":", "/", "//", "/nothing", ""),
    *("/apply", "/complain", "/track", "/more", "/menu", "/back", "/skip", "/cancel", "/later", "/resume", "/explain"),
    *(
        "/stop",
        "/start",
        "/person",
        "/woman",
        "/callme",
        "/urgent",
        "/language",
        "/edit",
        "/all",
        "/mydata",
        "/withdraw",
    ),
    *("survey:1:yes", "survey:2:no", "survey:9:later", "survey:", "sv:1:effort:5", "sv:2:words:x", "sv::::", "told:1"),
    *("/messages", "/services_yes"),
    *("/shared_phone", "/other_person", "/suggest", "/volunteer", "/ask", "/technical", "/track_other", "/resume_here"),
    *("yes", "no", "self", "relative", "guardian", "sign", "start", "other", "question", "x" * 64, "9" * 64, "خيار"),
)
SPANS = (1, 7, 13, 61, 3600, 86400, 3 * 86400, 40 * 86400, 200 * 86400, 366 * 86400)
PAYLOADS = (
    "",
    "apply",
    "apply-support",
    "apply-project-support",
    "complain",
    "mydata",
    "consent-known",
    "consent-x",
    "-",
    "x-y",
)
MEDIA: Final = ("photo", "document", "voice", "audio", "video", "sticker", "other")
BYTES = ("jpeg", "png", "pdf", "ogg", "mp4", "exe", "docx", "")
REASONS: Final = ("too_big", "kind", "gone", "empty")


T = TypeVar("T")
Act = Callable[[Watched, int], Turn | None]


def pick(of: Sequence[T], number: int) -> T:
    return of[number % len(of)]


# --- what can happen -------------------------------------------------------------------------------------------------


def says_something(who: Watched, number: int) -> Turn:
    return who.text(pick(TEXTS, number))


def changes_a_message(who: Watched, number: int) -> Turn:
    return who.happen(Text(id=who.id(), at=who.now, text=pick(TEXTS, number), edited=True))


def presses_what_is_offered(who: Watched, number: int) -> Turn | None:
    conversation = who.conversation
    shown = [option for option, prompt in who.shown if prompt in (0, conversation.prompt)]
    return who.press(pick(shown, number).id) if shown else None


def presses_what_was_offered(who: Watched, number: int) -> Turn | None:
    if not who.shown:
        return None
    option, prompt = pick(who.shown, number)
    return who.press(option.id, prompt)


def presses_anything(who: Watched, number: int) -> Turn:
    return who.press(pick(OPTIONS, number), (0, 1, None, 10**6)[number // len(OPTIONS) % 4])


def sends_a_file(who: Watched, number: int) -> Turn:
    file = f"f{who.number}"
    who.files.append(file)
    caption = ("", "", "هذا صك الحضانة", "ودي أموت", "1012345672")[number // 7 % 5]
    event = Media(id=who.id(), at=who.now, file=file, kind=pick(MEDIA, number), size=number % 10**6, caption=caption)
    return who.happen(event)


def a_file_arrives(who: Watched, number: int) -> Turn:
    file = pick(who.files or ["unknown"], number)
    kind = pick(BYTES, number // 3)
    if number % 4:
        return who.happen(FileReady(id=who.id(), at=who.now, file=file, kind=kind, size=10))
    return who.happen(FileRefused(id=who.id(), at=who.now, file=file, reason=pick(REASONS, number // 4)))


def shares_a_place(who: Watched, number: int) -> Turn:
    return who.happen(Location(id=who.id(), at=who.now, latitude=number % 200 - 100.0, longitude=46.7))


def shares_a_contact(who: Watched, number: int) -> Turn:
    phone = pick(("+966500000001", "966500000001", "", "+1", "+201001234567"), number)
    return who.happen(Contact(id=who.id(), at=who.now, phone=phone, own=bool(number % 2)))


def opens_a_link(who: Watched, number: int) -> Turn:
    return who.happen(Opened(id=who.id(), at=who.now, payload=pick(PAYLOADS, number)))


class Hearing:
    language = "ar"

    def __init__(self, who: Watched) -> None:
        self.today = who.now.date()


def fills_the_page(who: Watched, number: int) -> Turn:
    """The newest page or an old one, well; or a page that nobody asked for."""
    if not who.forms or number % 11 == 0:
        return who.happen(FormFilled(id=who.id(), at=who.now, form="unknown", values={"national_id": "1012345672"}))
    form = who.forms[-1] if number % 3 else pick(who.forms, number)
    drafts = [draft for draft in (who.open, *who.conversation.aside) if draft is not None and draft.form == form.form]
    values = {}
    for draft in drafts:
        by_id = course(who.association, draft.flow, draft.subject).by_id
        for step_id in form.steps:
            step = by_id.get(step_id)
            if step is None or step.answer is None:
                continue
            options = step.answer.options("ar")
            typed = pick(options, number // 5).id if options else WORDS.get(step.answer.kind, "")
            event = (
                Press(id="p", at=who.now, option=typed)
                if options
                else Media(id="m", at=who.now, file=f"form{who.number}", kind="photo")
                if not typed
                else Text(id="t", at=who.now, text=typed)
            )
            heard = step.answer.hear(event, Hearing(who))
            assert isinstance(heard, Got | Later)
            values[step_id] = heard.value
    return who.happen(FormFilled(id=who.id(), at=who.now, form=form.form, values=values))


def asks_for_a_new_page(who: Watched, number: int) -> Turn:
    form = pick(who.forms, number).form if who.forms else "unknown"
    return who.happen(RenewForm(id=who.id(), at=who.now, form=form))


def lets_time_pass(who: Watched, number: int) -> None:
    for timer in who.due(timedelta(seconds=pick(SPANS, number))):
        who.happen(TimePassed(id=who.id(), at=who.now, timer=timer))


def a_timer_rings(who: Watched, number: int) -> Turn:
    """At any time, asked for or not: a row may be claimed twice."""
    return who.happen(TimePassed(id=who.id(), at=who.now, timer=pick(("quiet", "flood", "draft", "unknown"), number)))


def a_case_moves(who: Watched, number: int) -> Turn | None:
    if not who.cases:
        return None
    reference = pick(list(who.cases), number)
    case, stage = who.cases[reference], who.stages[reference]
    moves = lifecycle.moves(case.kind, stage)
    if not moves:
        return None
    move = pick(moves, number // 3)
    who.stages[reference] = lifecycle.stage_after(move, stage)
    given = dict.fromkeys(move.needs, pick(("2026-12-24", "أوراق", "12-34-5678", "2026-99-99"), number))
    event = CaseMoved(
        id=who.id(),
        at=who.now,
        reference=reference,
        kind=case.kind,
        move=move.name,
        from_stage=stage,
        stage=who.stages[reference],
        who=pick(move.who, number),
        service=case.service,
        sensitive=number % 5 == 0,
        given=given,
        earliest=case.earliest,
        latest=case.latest,
        next_update=case.next_update,
    )
    return who.happen(event)


def an_update_is_due(who: Watched, number: int) -> Turn | None:
    if not who.cases:
        return None
    view = msgspec.to_builtins(who.view(pick(list(who.cases.values()), number)), builtin_types=(datetime,))
    return who.happen(CaseUpdate(id=who.id(), at=who.now, case=view))


def somebody_asks(who: Watched, number: int) -> Turn:
    event = Asked(
        id=who.id(),
        at=who.now,
        ask=str(number),
        question="consent" if number % 2 else "show_case",
        reference="HRF-22222-22222",
        details={"applicant": "نورة", "service": "دعم"},
    )
    return who.happen(event)


def somebody_answers(who: Watched, number: int) -> Turn:
    view = (
        msgspec.to_builtins(who.view(pick(list(who.cases.values()), number)), builtin_types=(datetime,))
        if who.cases
        else {}
    )
    event = Answered(
        id=who.id(),
        at=who.now,
        question=pick(("show_case", "consent"), number),
        reference="HRF-22222-22222",
        given=bool(number // 2 % 2),
        case=view,
    )
    return who.happen(event)


def a_search_returns(who: Watched, number: int) -> Turn:
    return who.happen(Found(id=who.id(), at=who.now, lookup=pick(("case", "ask"), number), key="k", result=None))


def a_survey_comes(who: Watched, number: int) -> Turn:
    """One of theirs, for a while; most have agreed to be asked."""
    if number % 7:
        consents = {**who.person.consents, "survey": True}
        who.person = msgspec.structs.replace(who.person, consents=consents)
    survey = pick(who.association.profile.surveys, number)
    until = who.now + timedelta(seconds=pick(SPANS, number // 5))
    event = SurveyInvited(
        id=who.id(), at=who.now, wave=str(number % 4), survey=survey.id, until=until, reminder=number // 3 % 3
    )
    return who.happen(event)


def takes_part(who: Watched, number: int) -> Turn:
    waves = [one.wave for one in who.conversation.invitations] or ["1"]
    return who.press(f"survey:{pick(waves, number)}:{pick(('yes', 'yes', 'yes', 'later', 'no'), number // 3)}")


def a_broadcast_comes(who: Watched, number: int) -> Turn:
    text = {"ar": "تغيّر مكان المكتب", **({"en": "The office has moved"} if number % 2 else {})}
    buttons = pick(((), ("/track",), ("/apply", "/menu")), number)
    return who.happen(BroadcastSent(id=who.id(), at=who.now, wave=str(number % 4), text=text, buttons=buttons))


def the_channel_loses_them(who: Watched, number: int) -> Turn:
    return who.happen(Unreachable(id=who.id(), at=who.now, code="blocked"))


def staff_act(who: Watched, number: int) -> None:
    who.change(holder=pick(("staff:1", "bot", "bot", "queue"), number))


def answers_well(who: Watched, number: int) -> Turn | None:
    """The answer that the open question wants, so that conversations get deep; then the quiet seconds."""
    draft, step = who.open, who.step()
    if draft is None or step is None:
        return who.press(pick(("/apply", "/apply", "/complain", "/suggest", "/volunteer", "/mydata"), number))
    if draft.confirm is not None:
        return who.press("confirm:yes")
    if step.kind == "review":
        return who.press("review:yes")
    if draft.form and draft.form_until and draft.form_until > who.now:
        return fills_the_page(who, 1)
    assert step.answer is not None
    turn: Turn | None
    options = step.answer.options(who.conversation.language)
    if options:
        stays = [option.id for option in options if option.id not in step.exits or number % 13 == 0]
        turn = who.press(pick(stays or [options[0].id], number))
    elif step.answer.kind in ("document", "photo", "voice"):
        kind, sent = ("voice", "ogg") if step.answer.kind == "voice" else ("photo", "jpeg")
        file = f"f{who.number}"
        who.files.append(file)
        who.happen(Media(id=who.id(), at=who.now, file=file, kind=kind))  # type: ignore[arg-type]
        turn = who.happen(FileReady(id=who.id(), at=who.now, file=file, kind=sent, size=9)) if number % 3 else None
    else:
        turn = who.text(WORDS.get(step.answer.kind, "نورة"))
    if "quiet" in who.timers and number % 5:
        lets_time_pass(who, 2)
    return turn


ACTS: tuple[tuple[int, Act], ...] = (
    (30, answers_well),
    (12, says_something),
    (8, presses_what_is_offered),
    (4, presses_what_was_offered),
    (6, presses_anything),
    (3, sends_a_file),
    (4, a_file_arrives),
    (3, fills_the_page),
    (1, asks_for_a_new_page),
    (4, lets_time_pass),
    (2, a_timer_rings),
    (3, a_case_moves),
    (1, an_update_is_due),
    (1, changes_a_message),
    (1, shares_a_place),
    (1, shares_a_contact),
    (1, opens_a_link),
    (1, somebody_asks),
    (1, somebody_answers),
    (1, a_search_returns),
    (3, a_survey_comes),
    (3, takes_part),
    (1, a_broadcast_comes),
    (1, the_channel_loses_them),
    (1, staff_act),
)
WEIGHTED = tuple(act for weight, act in ACTS for _ in range(weight))
HAPPENINGS = st.lists(st.tuples(st.integers(0, len(WEIGHTED) - 1), st.integers(0, 10**6)), min_size=1, max_size=60)
Place = tuple[int, int, bool, str, int]
FIRST = ("", "/apply", "/apply", "/complain", "/volunteer")
PLACES = st.tuples(st.integers(0, 4), st.integers(0, 2), st.booleans(), st.sampled_from(FIRST), st.integers(0, 45))
"""Association, channel, whether there is a public address, what they began, and how far they came undisturbed."""


def live(place: Place, happenings: list[tuple[int, int]]) -> Watched:
    association, channel, public, first, far = place
    url = "https://wasl.example" if public or CHANNELS[channel] == "whatsapp" else ""
    who = Watched(associations()[association], CHANNELS[channel], url)
    if first:
        who.press(first)
        for number in range(far):
            who.now += timedelta(seconds=10)
            answers_well(who, 5 * number + 1 + far)
    for act, number in happenings:
        WEIGHTED[act](who, number)
    return who


@settings(
    max_examples=int(os.environ.get("LIVES", "900")),
    derandomize="LIVES" not in os.environ,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(PLACES, HAPPENINGS)
def test_any_life_of_a_conversation_holds(place: Place, happenings: list[tuple[int, int]]) -> None:
    live(place, happenings)
