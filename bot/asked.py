"""A survey as a page asks it: for who has no chat, and for staff who ask on site. Heard by the survey's own kinds of
answer, so that a number is understood there exactly as in the chat."""

from datetime import datetime
from typing import Any

from bot.web.body import Posted
from bot.web.fields import FieldView, Filled, Hearer, field_view, hear_typed
from bot.web.page import Words
from bot.web.ports import FormField
from conversations.answers.contract import Answer
from conversations.answers.text import LongText
from conversations.association.survey import Question, Survey
from conversations.cases.calendar import here
from conversations.conversation import Draft
from conversations.flow import Answered
from conversations.flows.survey import answer_of
from conversations.flows.survey_state import FLOW


class Sheet:
    """Some questions of a survey on one page. `given`: what was answered before, by question; None: passed over."""

    def __init__(self, survey: Survey, language: str, now: datetime, given: dict[str, Any] | None = None) -> None:
        self.survey, self.language, self.now = survey, language, now
        self.draft = Draft(flow=FLOW, answers=dict(given or {}))
        self.filled, self.form = Filled(), Posted(())

    def applies(self, question: Question) -> bool:
        """Whether its condition holds, as far as is known."""
        rule = question.ask_if
        return rule is None or Answered(rule.field, rule.among).holds(self.draft)

    def next(self) -> Question | None:
        """The first question that applies and is neither answered nor passed over; None where nothing is left."""
        left = (one for one in self.survey.questions if one.id not in self.draft.answers)
        return next((one for one in left if self.applies(one)), None)

    def hear(self, form: Posted, questions: tuple[Question, ...], words: Words) -> dict[str, Any]:
        """What these were answered with, as far as they apply; `filled.wrong` where something is not understood."""
        self.form = form
        hearer = Hearer(self.language, here(self.now).date())
        for question in questions:
            typed = [text for text in form.all(question.id) if text.strip()]
            if typed and self.applies(question):
                field = self._field(question)
                hear_typed(field, typed, hearer, words, form, self.filled, self.now)
                if question.id in self.filled.values:
                    self.draft.answers[question.id] = self.filled.values[question.id]
        return dict(self.filled.values)

    def views(self, questions: tuple[Question, ...]) -> list[FieldView]:
        """As the page shows them, with what was typed and what is wrong."""
        return [self._view(one) for one in questions]

    def _view(self, question: Question) -> FieldView:
        view = field_view(self._field(question), self.language)
        view.typed = self.form.all(question.id)
        view.wrong, view.sure = self.filled.wrong.get(question.id, ""), self.filled.sure.get(question.id, "")
        return view

    def _field(self, question: Question) -> FormField:
        help = question.help.to(self.language) if question.help else ""
        label = (question.written or question.ask).to(self.language)
        return FormField(step=question.id, label=label, answer=typed_answer(question), help=help, optional=True)


def typed_answer(question: Question) -> Answer:
    """A page takes no voice: what would be said is written."""
    return LongText(voice=False) if question.kind in ("words", "voice") else answer_of(question, True)
