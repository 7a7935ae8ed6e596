"""A request: which service, its criteria, consent, who applies for whom, the answers, the read-back, the signature.

Source: T steps 2 and 4 to 6; harif ت-2 to ت-6. Criteria come before questions (ت-2), nothing is taken half (ت-3),
the applicant signs and is directly responsible (T step 4, ت-4), and hears who studies it and until when.
"""

from typing import Any

from conversations.answers import answer_for
from conversations.answers.choice import OneOf
from conversations.answers.date import Date, age_on
from conversations.answers.document import Document
from conversations.answers.phone import Phone
from conversations.answers.signature import Signing
from conversations.answers.text import ShortText
from conversations.arabic.masking import mask_secrets
from conversations.asking import attach_receipt, offer
from conversations.association.association import Association
from conversations.association.profile import Choice, Profile, Service, ServiceField, Words
from conversations.cases.signing import answers_digest, wording_version
from conversations.conversation import Draft
from conversations.course import forget
from conversations.dialogue import start
from conversations.effects import AskOther, Signature
from conversations.flow import Answered, Explain, Flow, Leave, Step, answered, ask, register, review
from conversations.flows import addresses
from conversations.flows.consent import consent_step
from conversations.flows.filing import (
    answers_of,
    file,
    house_choices,
    how_told,
    plain_field,
    promise_text,
    promised_for,
    remember,
)
from conversations.hearing import consented
from conversations.moment import Moment
from conversations.says import Option
from conversations.ways import queue

ADULT = 18


def services(profile: Profile) -> tuple[Choice, ...]:
    return tuple(
        Choice(id=service.id, title=service.title, about=service.about, words=service.words)
        for service in profile.services
    )


def build(association: Association, subject: str) -> tuple[Step, ...]:
    profile = association.profile
    which = ask("service", OneOf(services(profile)), heard=choose_service)
    service = profile.service(subject)
    if service is None:
        return (which,)
    return (
        which,
        ask(
            "details",
            OneOf(house_choices("details", "start", "other", "question"), yes="start", no="other"),
            asks=details,
            exits={"question": Explain("apply.details.question")},
            heard=other_service,
            reviewed=False,
        ),
        consent_step("apply"),
        *who_steps(service),
        *(field_step(field, known=True) for field in profile.common),
        *health_consent(service),
        *(step for field in service.fields for step in (field_step(field), *expiry_step(field))),
        ask("agreed_channel", OneOf(house_choices("agreed", *addresses.offered(association))), known_as=""),
        ask("email", answer_for(plain_field("email")), when=answered("agreed_channel", "email"), known_as="email"),
        review(),
        ask("declaration", Signing(), asks=declaration, reviewed=False),
    )


def who_steps(service: Service) -> tuple[Step, ...]:
    """Who applies, for whom, and by what right. The sender and the beneficiary may be two people."""
    relative, guardian, agent = (answered("who", one) for one in ("relative", "guardian", "agent"))
    other = answered("who", "relative", "guardian", "agent")
    organisation = answered("who", "organisation")
    steps = (
        ask("who", OneOf(house_choices("applies", *service.who))),
        ask("applicant_name", ShortText(least=3), when=other, known_as="applicant_name"),
        ask("guardianship", Document(at_most=3), when=guardian, sensitive=True),
        ask("agency", Document(at_most=3), when=agent, sensitive=True),
        valid_until("agency", (agent,), sensitive=True),
        ask("organisation_name", ShortText(least=3), when=organisation),
        ask("cr_number", answer_for(plain_field("cr_number")), when=organisation),
        ask("consent_by", OneOf(house_choices("consent_by", "phone", "call")), when=relative),
        ask("their_phone", Phone(), when=(relative, answered("consent_by", "phone"))),
    )
    return tuple(step for step in steps if all(may_hold(condition, service) for condition in step.when))


def expiry_step(field: ServiceField) -> tuple[Step, ...]:
    """For a paper that expires: until when it is valid."""
    if not field.expires:
        return ()
    condition = (Answered(field.ask_if.field, field.ask_if.among),) if field.ask_if else ()
    return (valid_until(field.id, condition, bool(field_step(field).sensitive), field.title),)


def valid_until(paper: str, when: tuple[Answered, ...], sensitive: bool, name: Words | None = None) -> Step:
    """The day a paper expires, asked beside it: on the secure page, where the paper goes there. An expired one pauses
    the submission, never the draft (DOMAIN, "Care"): both are asked anew when the person comes back with a valid one.
    """

    def expired(moment: Moment, value: Any) -> Leave | None:
        draft = moment.conversation.open
        if draft is None or not isinstance(value, dict) or value["iso"] >= moment.today.isoformat():
            return None
        forget(draft, paper)
        return Leave("apply.expired", keep=True, ways=("/resume", "/person", "/menu"))

    def question(moment: Moment) -> str:
        title = name.to(moment.language) if name else moment.words(f"apply.{paper}.title")
        return moment.words("apply.valid_until.ask", paper=title)

    return ask(
        f"{paper}_until",
        Date(),
        when=when,
        optional=True,
        sensitive=sensitive,
        asks=question,
        title=Words(ar=f"صلاحية {name.ar}", en=f"{name.en}: valid until") if name else None,
        guard=expired,
    )


def may_hold(condition: Answered, service: Service) -> bool:
    """Nobody is asked what only someone else who applies would be: a service names who may."""
    return condition.step != "who" or bool(set(condition.among) & set(service.who))


def field_step(field: ServiceField, known: bool = False) -> Step:
    """A question of the profile as a step. Fields the whole house shares are remembered for the next request."""
    condition = field.ask_if
    return ask(
        field.id,
        answer_for(field),
        ask=field.ask,
        help=field.help,
        title=field.title,
        optional=field.optional,
        sensitive=field.sensitive,
        alternatives=field.alternatives,
        when=(Answered(condition.field, condition.among),) if condition else (),
        known_as=field.id if known else "",
        guard=of_age if field.kind == "birth_date" else None,
    )


def health_consent(service: Service) -> tuple[Step, ...]:
    """Sensitive data have an explicit consent of their own, on the secure page with the papers themselves."""
    if not service.sensitive_purpose:
        return ()
    return (
        ask(
            "consent_sensitive",
            OneOf(house_choices("consent_sensitive", "yes", "no")),
            sensitive=True,
            exits={"no": Leave("apply.consent_sensitive.declined", keep=True)},
            heard=consented(service.sensitive_purpose),
            reviewed=False,
        ),
    )


# --- what is asked ---------------------------------------------------------------------------------------------------


def details(moment: Moment) -> str:
    """Criteria and required papers first (harif ت-2): what the association has not confirmed says so."""
    service = service_of(moment)
    language = moment.language
    if moment.conversation.open is not None and moment.conversation.open.failures:
        return moment.words("apply.details.ask_again")
    parts = [moment.words("apply.details.head", service=service.title.to(language), about=service.about.to(language))]
    for key, lines in (("criteria", service.criteria), ("documents", service.documents)):
        if lines.to(language):
            listed = "\n".join(f"• {line}" for line in lines.to(language))
            unsure = "" if lines.confirmed else " " + moment.words("apply.details.unconfirmed")
            parts.append(moment.words(f"apply.details.{key}") + unsure + "\n" + listed)
    parts.append(moment.words("apply.details.ask"))
    return "\n\n".join(parts)


def declaration(moment: Moment) -> str:
    draft = moment.conversation.open
    assert draft is not None
    return moment.words("apply.declaration.ask", text=declaration_text(moment, draft))


def declaration_text(moment: Moment, draft: Draft) -> str:
    who = draft.answers.get("who")
    beneficiary = str(draft.answers.get("full_name") or draft.answers.get("organisation_name") or "")
    applicant = str(draft.answers.get("applicant_name") or draft.answers.get("full_name") or "")
    name = applicant if who in ("relative", "guardian", "agent") else beneficiary
    on_behalf = moment.words("declaration.on_behalf", beneficiary=beneficiary) if name != beneficiary else ""
    if who == "organisation":
        on_behalf = moment.words("declaration.on_behalf", beneficiary=str(draft.answers.get("organisation_name")))
    text = moment.words("declaration.text", applicant=name, on_behalf=f"{on_behalf} " if on_behalf else "")
    return mask_secrets(text) or text  # a number typed where a name was asked for


# --- what follows from an answer -------------------------------------------------------------------------------------


def choose_service(moment: Moment, value: Any) -> None:
    draft = moment.conversation.open
    assert draft is not None
    draft.subject, draft.version = str(value), ""
    forget(draft, "details")  # another service has other criteria, and they come first


def other_service(moment: Moment, value: Any) -> None:
    draft = moment.conversation.open
    if value == "other" and draft is not None:
        draft.subject = ""
        for step in ("service", "details"):
            forget(draft, step)


TODDLER = 5
"""Years below which nobody writes to us for themselves: the date was mistaken."""


def of_age(moment: Moment, value: Any) -> Leave | Explain | None:
    """Under 18 a guardian applies: stopped kindly, and nothing is kept (PDPL; DOMAIN, situation 8)."""
    draft = moment.conversation.open
    assert draft is not None
    years, who = age_on(value, moment.today), draft.answers.get("who", "self")
    if years >= ADULT or who not in ("self", "relative"):
        return None
    if who == "self":
        if years < TODDLER:
            return Explain("apply.birth_date.too_near")
        return Leave("volunteer.minor" if draft.flow == "volunteer" else "apply.minor.self")
    guardians = "guardian" in service_of(moment).who
    return Leave("apply.minor.other", ways=("/apply", "/person")) if guardians else Leave("apply.minor.not_offered")


def finish(moment: Moment, draft: Draft) -> None:
    answers = answers_of(moment, draft)
    signed = Signature(
        wording=declaration_text(moment, draft),
        wording_version=wording_version(moment.words("declaration.text", applicant="", on_behalf="")),
        digest=answers_digest({key: value for key, value in answers.items() if key != "declaration"}),
        at=moment.world.now,
        channel=moment.world.traits.name,
        typed_name=typed_name(answers.get("declaration")),
        on_behalf=answers.get("who") not in (None, "self"),
    )
    waits = answers.get("who") == "relative"
    stage = "awaiting_consent" if waits else "submitted"
    case = file(moment, draft, "request", stage, answers=answers, signature=signed, **(UNPROMISED if waits else {}))
    remember(moment, draft)
    if waits:
        ask_the_represented(moment, case.reference, answers)
    else:
        moment.tell(receipt(moment, case.reference, answers))
        if answers.get("identity_kind") == "none":
            queue(moment, "no_identity", reference=case.reference)
            moment.tell(moment.words("apply.no_identity"))
        attach_receipt(moment, case.reference)
        after_receipt(moment, case.reference)


UNPROMISED = {"completed_at": None, "earliest": None, "latest": None, "next_update": None}
"""A request that waits for somebody's consent is not complete: its promise has not begun."""


def receipt(moment: Moment, reference: str, answers: dict[str, Any]) -> str:
    """What was filed, who studies it, when they will hear, and where (T step 5; harif ت-5, ت-6)."""
    return moment.words(
        "apply.receipt",
        reference=reference,
        committee=moment.profile.committees.request.to(moment.language),
        promise=promise_text(moment, promised_for(moment, "request")),
        channel=where_told(moment, str(answers.get("agreed_channel") or "here")),
    )


def where_told(moment: Moment, agreed: str) -> str:
    """Nothing reaches a web chat that was left: there the news waits."""
    if agreed == "here" and moment.world.traits.name == "web_chat":
        return moment.words("apply.receipt.here_web")
    return moment.words("apply.receipt.told", how=how_told(moment, agreed))


def after_receipt(moment: Moment, reference: str) -> None:
    options = (
        Option("/track", moment.words("option.track")),
        Option(f"receipt:{reference}", moment.words("option.receipt")),
        Option("/menu", moment.words("option.menu")),
    )
    if "survey" not in moment.world.person.consents and not moment.conversation.restricted:
        start(moment, "consent_survey")
    else:
        offer(moment, moment.words("apply.thanks"), options)


def ask_the_represented(moment: Moment, reference: str, answers: dict[str, Any]) -> None:
    """A capable adult consents from their own address or by a call; the request waits meanwhile, kept."""
    phone = answers.get("their_phone")
    name = str(answers.get("full_name") or "")
    beneficiary = mask_secrets(name) or name
    url = moment.world.public_url
    if phone and url:
        token = moment.world.draw("consent").hex()[:32]
        service = moment.profile.service(str(answers["service"]))
        details = {
            "applicant": str(answers.get("applicant_name") or ""),
            "service": service.title.to(moment.language) if service else "",
        }
        moment.do(AskOther(question="consent", reference=reference, phone=str(phone), token=token, details=details))
        link = f"{url}/{moment.profile.slug}/chat?start=consent-{token}"
        moment.tell(moment.words("apply.waits.phone", reference=reference, beneficiary=beneficiary, link=link))
    else:
        queue(moment, "consent_by_call", reference=reference)
        moment.tell(moment.words("apply.waits.call", reference=reference, beneficiary=beneficiary))
    offer(moment, moment.words("apply.waits.kept"), moment.options("/track", "/menu"))


def typed_name(value: Any) -> str:
    return str(value.get("name", "")) if isinstance(value, dict) else ""


def service_of(moment: Moment) -> Service:
    draft = moment.conversation.open
    service = moment.profile.service(draft.subject) if draft else None
    assert service is not None
    return service


apply = register(Flow(name="apply", steps=(), build=build, finish=finish))
