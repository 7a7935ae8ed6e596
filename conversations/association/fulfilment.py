"""What can fulfil a clause of a policy: each id, what it is, and whether it is there.

A profile's clauses name these ids (`fulfilled_by`). Whatever is not ready is said to be "not built yet" by `wasl check`
and on the policy page, so that no clause looks kept that is not.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fulfilment:
    what: str
    ready: bool


_READY: Mapping[str, str] = {
    "flow.welcome": "greets, answers in the language written, gives the privacy notice",
    "flow.menu": "everything a person can do here, one press away",
    "flow.apply": "a whole request by chat, from home, with as much time as it takes",
    "flow.complain": "a complaint in a few steps, by a direct link too, anonymous if wished",
    "flow.suggest": "a suggestion, filed and followed up",
    "flow.track": "where a case stands, at any time",
    "flow.ask": "a question, answered from the approved answers or by a person",
    "flow.volunteer": "an offer to volunteer",
    "flow.my_data": "see, correct, copy or erase what is kept about oneself",
    "flow.staff": "a person, on request or when the way is unclear",
    "flow.urgent": "urgent need reaches whoever is on duty, at any hour",
    "flow.harm": "a disclosure of harm interrupts everything and goes to few eyes",
    "flow.stop": "stops all messages, and starts them again",
    "channel.telegram": "answers on Telegram",
    "channel.whatsapp": "answers on WhatsApp",
    "channel.web_chat": "answers on the association's website",
    "promise.request": "says when an answer may be expected, in both calendars",
    "receipt": "a reference and an Arabic receipt for what was submitted",
    "declaration": "the read-back and the signed declaration of direct responsibility",
    "completeness": "submits only when every required field and paper is there",
    "catalogue": "shows criteria and required papers before the first question",
    "draft.resume": "an open draft never expires while it is filled in, and resumes",
    "secure_form": "takes identity and bank numbers on a one-time page, outside the chat",
    "sealed_data": "seals everything typed, said or uploaded",
    "consent": "a separate logged consent for each purpose, as easily withdrawn",
    "notices.case_moves": "tells of every change of a case on the agreed channel, unasked",
    "agreed_channel": "the person chooses where to be told",
    "handoff.helper": "hands over to the helper whom the policy names",
    "knowledge": "approved answers, so that what is said is accurate",
    "policy.profile": "the policy as a versioned document with its approval, clause by clause",
    "case.request": "requests, with stages that can be followed",
    "case.complaint": "complaints, with stages that can be followed",
    "case.compensation": "claims of compensation, linked to their complaint, promising nothing",
    "case.suggestion": "suggestions",
    "case.inquiry": "questions that a person answers",
    "case.volunteering": "offers to volunteer",
    "case.data_request": "requests about personal data",
}

_NOT_YET: Mapping[str, str] = {
    "desk.record": "staff record what came by interview, phone, letter or fax",
    "desk.verification": "staff match the data to the originals and their validity",
    "desk.committee": "the committee's agenda, decision and reason",
    "desk.delivery": "delivery of the service, confirmed by the person",
    "desk.entitlements": "entitlements and the days they are due",
    "desk.settlement": "amicable settlement and negotiation as a stage",
    "desk.management": "management watches complaints, inquiries and officers",
    "desk.routing": "routes inquiries to the contact officer by category and field",
    "desk.policy_signing": "every worker reads and signs the policy before access",
    "committee_minutes": "dated minutes, approved by each member",
    "publication_permission": "a withdrawable permission before a photo or design is used",
    "appointments": "interviews and visits, offered, confirmed and recorded",
    "library": "the policy's documents, versioned, sent on request",
    "survey.satisfaction": "asks about each service and each provider",
    "survey.field": "field survey and interviews entered by staff",
    "survey.results": "shares results with every department",
    "supervisory_visits": "records of visits to offices: findings and actions",
    "improvement_log": "improvements that came from opinions",
    "broadcast.services": "tells consenting people of services that fit them",
    "broadcast.changes": "announces changed information and policies",
    "audit": "who saw and changed what",
}

FULFILMENTS: Mapping[str, Fulfilment] = {
    **{id_: Fulfilment(what, True) for id_, what in _READY.items()},
    **{id_: Fulfilment(what, False) for id_, what in _NOT_YET.items()},
}
