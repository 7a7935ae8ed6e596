"""One person, many addresses: an address that was named from elsewhere is its owner's to confirm, by a press or a word
from it. No code is ever asked for: people are taught that this is fraud (DOMAIN, "Care"). Until then nothing is told
there, and the question itself tells nothing of any case."""

from conversations.association.association import Association
from conversations.conversation import Draft
from conversations.effects import AgreeChannel, AnswerAsk
from conversations.events import Answered, Asked
from conversations.flows.filing import log_consent, name_address
from conversations.flows.shared_phone import visible
from conversations.moment import Moment
from conversations.says import Option

PURPOSE = "notices"
"""Consent to hear of one's own cases at an address."""
BY_PHONE = ("whatsapp", "sms")
"""Channels on which the address is a telephone number."""
_WRITTEN, _SERVED = ("whatsapp",), ("letter", "fax")


def offered(association: Association) -> tuple[str, ...]:
    """What can be agreed on: this conversation, and every way of the policy that news can go by."""
    served = {one for channel in association.profile.policy_channels for one in channel.serves}
    written, more = (tuple(one for one in some if one in served) for some in (_WRITTEN, _SERVED))
    return ("here", "phone", *written, "sms", "email", "branch", *more)


def asked(moment: Moment, event: Asked) -> None:
    """At the address itself. Whoever did not ask for it says so, and is not written to again."""
    if moment.conversation.muted or moment.conversation.stopped:
        return
    moment.conversation.greeted = True
    options = (
        Option(f"own:{event.ask}", moment.words("option.own_address")),
        Option(f"notown:{event.ask}", moment.words("option.not_own_address")),
    )
    moment.conversation.offered = list(options)
    moment.conversation.prompt += 1
    moment.tell(moment.words("address.ask"), options=options, prompt=moment.conversation.prompt, lane="notice")


def confirmed(moment: Moment, ask: str, own: bool) -> None:
    moment.do(AnswerAsk(ask=ask, question="address", reference="", given=own))
    moment.conversation.offered = []
    if own:
        log_consent(moment, PURPOSE, given=True)
    moment.tell(moment.words("address.thanks" if own else "address.sorry"))


def answered(moment: Moment, event: Answered) -> None:
    """Where it was named: what its owner said."""
    key = "address.proven" if event.given else "address.refused"
    moment.tell(moment.words(key), lane="notice")


def agree(moment: Moment, draft: Draft) -> None:
    """Another agreed channel, for everything of theirs that is open, from now on."""
    chosen = str(draft.answers.get("agreed_channel") or "here")
    channel = moment.world.traits.name if chosen == "here" else chosen
    shared = bool(moment.conversation.members)
    theirs = tuple(case.reference for case in visible(moment)) if shared else None
    moment.do(AgreeChannel(channel=channel, references=theirs))
    log_consent(moment, PURPOSE, given=True)
    name_address(moment, "", channel, draft.answers)
