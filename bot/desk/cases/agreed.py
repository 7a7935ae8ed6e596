"""The agreed channel of a case, changed by a worker where the person said so in a call or a visit: their word is kept.

An address of theirs that carries messages, another one that they name (it is asked first whether it is theirs), or
what staff do (a call, a letter, a fax, the branch), with its number or address.
"""

from collections.abc import Mapping

from sqlalchemy import Connection

from bot import addresses
from bot.case_moves import found_by
from bot.desk.at import At, Refused
from bot.desk.cases.file import find
from conversations.answers.email import email_in
from conversations.answers.phone import phone_in
from conversations.arabic.normalise import digits_of
from conversations.flows.addresses import BY_PHONE
from conversations.flows.filing import NAMED, PURPOSE
from conversations.notices import MESSAGING, TASK_OF
from storage import cases, consents, notes, notices
from storage.cases import Case
from storage.times import ms

WHO = ("applicant", "beneficiary", "guardian", "agent")
"""Who may say it: those whom the status is told to."""
ADDRESS = "agreed_address"
"""The answer that holds the number or address of the agreed channel, as a worker's record keeps it."""
_LONGEST = 300


def choices(connection: Connection, at: At, case: Case) -> list[str]:
    """Channels that can be agreed on for this case; none where nobody may be told or nothing is left to tell."""
    if case.anonymous or case.closed_at is not None or not at.worker.may("work"):
        return []
    there = _known(connection, at, case)
    named = {one for one in NAMED if (at.slug, one) in at.desk.intake.channels and case.conversation is not None}
    return [*(one for one in MESSAGING if one in there | named), *TASK_OF]


def _known(connection: Connection, at: At, case: Case) -> set[str]:
    """Channels by which they write already."""
    known = notices.addresses(connection, at.slug, case.beneficiary, case.conversation)
    return {one.channel for one in known if not one.blocked}


def change(connection: Connection, at: At, id: int) -> None:
    """From the posted form. Raises Refused: nothing has changed."""
    form, case = at.form, find(connection, at, id, lock=True)
    channel, who, note = form.get("channel"), form.get("who"), form.get("note").strip()[:2000]
    if channel not in choices(connection, at, case) or who not in WHO:
        raise Refused("agreed.unfit")
    if not note:
        raise Refused("agreed.note_missing")
    where = form.get("where").strip()[:_LONGEST]
    if channel in NAMED:
        address = _named(channel, where, known=channel in _known(connection, at, case))
    else:
        address = _address(channel, where, case.answers)
    if address:
        case.answers = {**case.answers, ADDRESS: address}
        cases.amend(connection, at.desk.vault, case, found_by(case.answers))
    cases.set_agreed(connection, at.slug, id, channel)
    version = at.association.profile.privacy.notice_version
    said = consents.Consent(
        *(at.slug, case.conversation or 0, case.beneficiary, PURPOSE, True, version, channel, case.reference),
        ms(at.now),
        "staff",
    )
    consents.log(connection, [said])
    if channel in NAMED and address and case.conversation is not None:
        addresses.name(
            connection, at.desk.vault, at.slug, channel, address, conversation=case.conversation,
            reference=case.reference, now=ms(at.now), wake=at.wake(connection), anew=True,
        )  # fmt: skip
    notes.add(connection, at.desk.vault, at.slug, None, at.worker.id, note, ms(at.now), case=id)
    at.log(connection, "case.agreed", f"case:{id}", f"{channel} {who}")


def _named(channel: str, given: str, *, known: bool) -> str:
    """The handle of an address that carries messages; empty where it is the one they write from. Raises Refused."""
    if not given and known:
        return ""
    if channel in BY_PHONE:
        if mobile := phone_in(given):
            return mobile
        raise Refused("agreed.number_missing")
    if found := email_in(given):
        return found.lower()
    raise Refused("agreed.email_missing")


def _address(channel: str, given: str, answers: Mapping[str, object]) -> str:
    """Canonical; empty where it needs none or stands already. Raises Refused."""
    if channel in ("phone", "fax"):
        if not given and channel == "phone" and answers.get("mobile"):
            return ""
        return _number(given)
    if channel == "letter" and not given and not answers.get("short_address"):
        raise Refused("agreed.address_missing")
    return given if channel == "letter" else ""


def _number(given: str) -> str:
    """A mobile, a landline or a foreign number, as it is dialled from anywhere. Raises Refused."""
    import phonenumbers

    if mobile := phone_in(given):
        return mobile
    try:
        number = phonenumbers.parse(digits_of(given), "SA")
    except phonenumbers.NumberParseException:
        raise Refused("agreed.number_missing") from None
    if not phonenumbers.is_valid_number(number):
        raise Refused("agreed.number_missing")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
