"""The survey of one person behind a link, for who has no chat: an SMS, an e-mail, a printed code.

A link (bot/survey_links.py) opens that person's survey alone, while the wave is open. One question a page, and each
answer is kept as it comes; an anonymous survey is one page, kept when it is sent and not before.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, select

from bot import surveys as acts
from bot.asked import Sheet
from bot.fold import Arrived
from bot.intake import Intake
from bot.survey_links import behind
from bot.web.body import Posted
from bot.web.page import Words
from conversations.answers.phone import phone_in
from conversations.association.association import Association
from conversations.association.survey import Question, Survey
from conversations.effects import SurveyAnswered
from conversations.events import CalledStaff
from conversations.surveys.scoring import low
from storage import conversations, seen, waves
from storage.schema_surveys import answers as answers_table
from storage.times import ms
from storage.waves import Recipient, Wave

SOURCE = "page"
_SHUT = (waves.DRAFTED, waves.PLANNED, waves.SKIPPED)
_HELD = (waves.HELD, waves.PASSED)
State = Literal["ask", "done", "declined", "over", "called"]


@dataclass(slots=True, kw_only=True)
class SurveyPage:
    """What the page shows. `low`: something went badly, and a complaint or a call is offered; `call`: known, where the
    number is the one they write from, or typed; empty where nobody is to know who it was. `wrong`: of the number."""

    state: State
    survey: Survey | None = None
    anonymous: bool = False
    language: str = ""
    """In which its person is written to."""
    sheet: Sheet | None = None
    questions: tuple[Question, ...] = ()
    place: int = 0
    low: bool = False
    call: str = ""
    wrong: bool = False


class _Found(NamedTuple):
    wave: Wave
    one: Recipient
    survey: Survey


class SurveyPages:
    def __init__(self, intake: Intake) -> None:
        self.intake, self.database, self.vault = intake, intake.database, intake.vault

    @property
    def now(self) -> datetime:
        return self.intake.clock()

    async def look(self, association: Association, token: str, language: str) -> SurveyPage | None:
        """What is behind a link: None where there is nothing. Raises DatabaseAway."""
        page: SurveyPage | None = await self.database.read(self._look, association, token, language)
        return page

    async def answer(
        self, association: Association, token: str, form: Posted, language: str, words: Words
    ) -> SurveyPage | None:
        """Keep what was answered; the page with what is wrong, or the next. Raises DatabaseAway."""
        page: SurveyPage | None = await self.database.write(self._answer, association, token, form, language, words)
        return page

    async def call(self, association: Association, token: str, typed: str) -> SurveyPage | None:
        """Whom something went badly for asked to be called: as by the chat's own button, and once. Raises
        DatabaseAway."""
        page: SurveyPage | None
        page, number = await self.database.read(self._may_call, association, token)
        ids = behind(self.vault, association.slug, token)
        if page is None or ids is None or not page.call:
            return page
        mobile = phone_in(typed) or ("" if typed.strip() else number)
        if not mobile:
            page.wrong = True
            return page
        name = f"survey-call-{ids[0]}-{ids[1]}"
        event = CalledStaff(id=name, at=self.now, reason="callback", mobile=mobile)
        key = seen.digest_key(SOURCE, name)
        await self.intake.put(Arrived(association.slug, "", "", event, key=key, conversation=ids[1]))
        return SurveyPage(state="called", survey=page.survey)

    async def decline(self, association: Association, token: str) -> None:
        await self.database.write(self._decline, association, token)

    def _find(self, connection: Connection, association: Association, token: str, lock: bool) -> _Found | None:
        slug = association.slug
        ids = behind(self.vault, slug, token)
        wave = waves.get(connection, slug, ids[0]) if ids else None
        one = waves.recipient(connection, slug, ids[0], ids[1], lock=lock) if ids else None
        survey = association.profile.survey(wave.survey) if wave else None
        if wave is None or one is None or survey is None or wave.state in _SHUT or one.state in _HELD:
            return None
        return _Found(wave, one, survey)

    def _look(self, connection: Connection, association: Association, token: str, language: str) -> SurveyPage | None:
        found = self._find(connection, association, token, lock=False)
        return self._page(connection, found, language) if found else None

    def _may_call(self, connection: Connection, association: Association, token: str) -> tuple[SurveyPage | None, str]:
        """The offer, where it stands, and the number they write from."""
        found = self._find(connection, association, token, lock=False)
        if found is None:
            return None, ""
        page = self._page(connection, found, "ar")
        if page.state == "done" and not page.anonymous:
            self._offer(connection, association, token, page, self._given(connection, found))
        return page, self._number(connection, association, token)

    def _page(self, connection: Connection, found: _Found, language: str) -> SurveyPage:
        survey, state = found.survey, self._state(found)
        page = SurveyPage(state=state, survey=survey, anonymous=found.wave.anonymous)
        if state != "ask":
            return page
        given = self._given(connection, found)
        page.sheet = Sheet(survey, language, self.now, given)
        if found.wave.anonymous:
            page.questions = survey.questions
        else:
            question = page.sheet.next()
            page.questions = (question,) if question else ()
            page.place = survey.questions.index(question) + 1 if question else 0
            if question is None:
                page.state = "done"
        return page

    def _state(self, found: _Found) -> State:
        if found.one.state == waves.FINISHED:
            return "done"
        if found.wave.ends <= ms(self.now) or found.wave.state in waves.SHUT:
            return "over"
        return "declined" if found.one.state == waves.DECLINED else "ask"

    def _given(self, connection: Connection, found: _Found) -> dict[str, Any]:
        """What was answered by name, as far as a condition can ask for it; None for what was passed over."""
        if found.one.response is None:
            return {}
        a = answers_table.c
        mine = (a.association == found.wave.association, a.response == found.one.response)
        rows = connection.execute(
            select(a.question, a.score, a.choice, a.words.is_not(None).label("words")).where(*mine)
        )
        return {
            row.question: row.score if row.score is not None else row.choice if row.choice or row.words else None
            for row in rows
        }

    def _answer(
        self, connection: Connection, association: Association, token: str, form: Posted, language: str, words: Words
    ) -> SurveyPage | None:
        found = self._find(connection, association, token, lock=True)
        if found is None:
            return None
        page = self._page(connection, found, language)
        if page.state not in ("ask", "declined"):
            return page
        survey = found.survey
        sheet = Sheet(survey, language, self.now, self._given(connection, found))
        asked = survey.questions if page.anonymous else tuple(filter(None, [survey.question(form.get("question"))]))
        given = sheet.hear(form, asked, words)
        if sheet.filled.wrong:
            page.sheet, page.questions = sheet, asked
            page.place = 0 if page.anonymous else survey.questions.index(asked[0]) + 1
            return page
        if page.anonymous and not given:
            return page
        if not page.anonymous:
            # Passed over is kept like an answer, so that whoever comes back goes on behind it.
            given = dict.fromkeys(one.id for one in asked) | given
            sheet.draft.answers |= given
        following = None if page.anonymous else sheet.next()
        last = following is None and any(value is not None for value in sheet.draft.answers.values())
        state = "finished" if last else "begun" if given else ""
        effect = SurveyAnswered(
            wave=str(found.wave.id),
            survey=survey.id,
            state=state,
            answers=given,
            last=last,
        )
        acts.heard(
            connection, self.vault, association, effect, found.one.conversation, language, self.now, source=SOURCE
        )
        if following is not None:
            return SurveyPage(
                state="ask", survey=survey, sheet=Sheet(survey, language, self.now, sheet.draft.answers),
                questions=(following,), place=survey.questions.index(following) + 1,
            )  # fmt: skip
        done = SurveyPage(state="done", survey=survey, anonymous=page.anonymous)
        self._offer(connection, association, token, done, sheet.draft.answers)
        return done

    def _offer(
        self, connection: Connection, association: Association, token: str, page: SurveyPage, given: dict[str, Any]
    ) -> None:
        """A complaint or a call, at once and without insisting. Of an anonymous survey nothing here leads from what was
        answered to who it was."""
        assert page.survey is not None
        page.low = low(association.profile, page.survey, given)
        if page.low and not page.anonymous:
            page.call = "known" if self._number(connection, association, token) else "typed"

    def _number(self, connection: Connection, association: Association, token: str) -> str:
        """The number they write from; empty where that is no number."""
        ids = behind(self.vault, association.slug, token)
        address = conversations.handle_of(connection, self.vault, association.slug, ids[1]) if ids else None
        return address[1] if address and address[1].startswith("+") else ""

    def _decline(self, connection: Connection, association: Association, token: str) -> None:
        found = self._find(connection, association, token, lock=True)
        if found is not None and self._state(found) == "ask":
            effect = SurveyAnswered(wave=str(found.wave.id), survey=found.survey.id, state="declined")
            acts.heard(connection, self.vault, association, effect, found.one.conversation, "", self.now)
