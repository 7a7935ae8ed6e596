"""Where nothing can be pressed, an invitation carries the link to its page."""

from datetime import timedelta

import pytest

from conversations.effects import SurveyAnswered
from conversations.events import Press, SurveyInvited
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


def test_what_was_finished_on_its_page_is_not_asked_again_by_an_old_button() -> None:
    for survey, button in (
        ("decided", "survey:17:yes"),
        ("decided", "sv:17:effort:2"),
        ("periodic", "sv:17:speed:poor"),
    ):
        play = Play(association("harif"), "telegram")
        play.person = Person(id=1, consents={"survey": True})
        play.line("السلام عليكم")
        until = play.now + timedelta(days=14)
        play.send(SurveyInvited(id="s1", at=play.now, wave="17", survey=survey, until=until))
        play.house.surveyed["17"] = "finished"
        turn = play.send(Press(id="p1", at=play.now, option=button))
        assert turn.says[0].text.startswith("وصلنا رأيكم في هذا الاستبيان من قبل")
        assert play.conversation.open is None and not play.conversation.aside
        assert not [one for one in turn.effects if isinstance(one, SurveyAnswered)]
        assert [one.state for one in play.conversation.invitations] == ["finished"]
