"""Where nothing can be pressed, an invitation carries the link to its page."""

from datetime import timedelta

import pytest

from conversations.events import SurveyInvited
from conversations.play import Play
from conversations.world import Person
from tests.conversations.robot import association

LINK = "https://wasl.example/harif/survey/AAAA"


def invited(channel: str, link: str = LINK) -> tuple[str, str, int]:
    """What was said, its link, and how many choices."""
    play = Play(association("harif"), channel)
    play.person = Person(id=1, consents={"survey": True})
    play.line("السلام عليكم")
    until = play.now + timedelta(days=14)
    turn = play.send(SurveyInvited(id="s1", at=play.now, wave="17", survey="decided", until=until, link=link))
    (say,) = turn.says
    return say.text, say.link.url if say.link else "", len(say.options)


@pytest.mark.parametrize("channel", ["sms", "email"])
def test_by_sms_and_mail_the_invitation_is_a_link_and_no_buttons(channel: str) -> None:
    text, link, options = invited(channel)
    assert (link, options) == (LINK, 0)
    assert "حقّ لكم" in text


def test_where_there_are_buttons_there_is_no_link() -> None:
    _, link, options = invited("telegram")
    assert link == "" and options == 3


def test_without_a_page_of_ours_it_is_asked_as_anywhere() -> None:
    _, link, options = invited("sms", link="")
    assert link == "" and options == 3
