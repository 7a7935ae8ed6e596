"""What can fulfil a clause of a policy, and whether it is there.

A profile's clauses name these ids (`fulfilled_by`); what each is stands in the words `fulfilment.<id>`. Whatever is
not there yet is said to be "not built yet" by `wasl check` and on the policy page, so that no clause looks kept that is
not.
"""

from collections.abc import Mapping

# fmt: off
READY = (
    "flow.welcome", "flow.menu", "flow.apply", "flow.complain", "flow.suggest", "flow.track", "flow.ask",
    "flow.volunteer", "flow.my_data", "flow.staff", "flow.urgent", "flow.harm", "flow.stop",
    "channel.telegram", "channel.whatsapp", "channel.web_chat",
    "promise.request",
    "receipt", "declaration", "completeness", "catalogue",
    "draft.resume",
    "secure_form", "sealed_data", "consent",
    "notices.case_moves",
    "agreed_channel",
    "handoff.helper",
    "knowledge",
    "policy.profile",
    "case.request", "case.complaint", "case.compensation", "case.suggestion", "case.inquiry", "case.volunteering",
    "case.data_request",
    "desk.verification", "desk.committee", "desk.delivery", "desk.entitlements", "desk.settlement", "desk.routing",
    "desk.management", "desk.policy_signing", "desk.record",
    "committee_minutes", "appointments", "library", "audit",
    "survey.satisfaction", "survey.field", "survey.results",
    "supervisory_visits", "improvement_log",
    "broadcast.services", "broadcast.changes",
)
NOT_YET = ("publication_permission",)
# fmt: on

FULFILMENTS: Mapping[str, bool] = {**dict.fromkeys(READY, True), **dict.fromkeys(NOT_YET, False)}
"""Whether each is there."""
