"""The smaller tables, each with what it promises."""

import pytest

from storage import accounts, alarms, asks, audit, consents, contents, files, forms, handoffs, quarantine, seen, timers
from storage.accounts import ALL
from storage.asks import Ask
from storage.audit import Act
from storage.consents import Consent
from storage.database import Database
from storage.files import File
from storage.forms import Form
from storage.handoffs import Handoff
from storage.quarantine import Quarantined
from storage.timers import Timer
from storage.vault import Vault

NOW = 1_790_000_000_000


def test_setting_a_timer_again_moves_it_and_clearing_forgets_it(database: Database) -> None:
    reminder, quiet = Timer("harif", 1, "remind", NOW + 10), Timer("harif", 1, "quiet", NOW)
    database.write_now(timers.set_all, [reminder, quiet, reminder._replace(due=NOW + 20)])
    assert database.write_now(timers.claim_due, NOW + 15, NOW + 1000, ["harif"]) == [quiet]
    database.write_now(timers.set_all, [reminder._replace(due=NOW + 5)])
    database.write_now(timers.clear_all, [("harif", 1, "quiet"), ("harif", 9, "remind")])
    assert database.write_now(timers.claim_due, NOW + 2000, NOW + 3000, ["harif"]) == [reminder._replace(due=NOW + 5)]


def test_a_due_timer_is_claimed_once_until_its_claim_runs_out(database: Database) -> None:
    both = ("harif", "ruhama")
    due = [Timer("harif", 2, "a", NOW - 1), Timer("harif", 1, "a", NOW - 2), Timer("ruhama", 1, "a", NOW)]
    database.write_now(timers.set_all, due)
    assert database.write_now(timers.claim_due, NOW, NOW + 1000, both, 2) == [due[1], due[0]]
    assert database.write_now(timers.claim_due, NOW, NOW + 1000, both) == [due[2]]
    assert database.write_now(timers.claim_due, NOW, NOW + 1000, both) == []
    database.write_now(timers.done, [due[0]])
    assert database.write_now(timers.claim_due, NOW + 1000, NOW + 2000, both) == [due[1], due[2]]


def test_a_timer_set_anew_while_it_was_dealt_with_stays(database: Database) -> None:
    timer = Timer("harif", 1, "remind", NOW)
    database.write_now(timers.set_all, [timer])
    database.write_now(timers.claim_due, NOW, NOW + 1000, ["harif"])
    database.write_now(timers.set_all, [timer._replace(due=NOW + 500)])
    database.write_now(timers.done, [timer])
    assert database.write_now(timers.claim_due, NOW + 500, NOW + 1500, ["harif"]) == [timer._replace(due=NOW + 500)]


def test_consents_are_kept_one_by_one_and_follow_the_person(database: Database) -> None:
    first = Consent("harif", 1, None, "requests", True, "2", "telegram", "HRF-1", NOW)
    database.write_now(consents.log, [first, first._replace(given=False, at=NOW + 1)])
    database.write_now(consents.log, [Consent("harif", 2, 5, "surveys", True, "1", "web", "", NOW)])
    assert [consent.given for consent in database.read_now(consents.of_person, "harif", 1)] == [True, False]
    database.write_now(consents.adopt, "harif", 1, 5)
    assert [c.purpose for c in database.read_now(consents.of_person, "harif", 2, 5)] == [
        "requests", "requests", "surveys",
    ]  # fmt: skip
    assert database.read_now(consents.of_person, "ruhama", 1, 5) == []


def test_a_form_is_used_up_by_submitting_and_never_by_opening(database: Database) -> None:
    form = Form("harif", "f1", 1, ("identity", "iban"), NOW + 1000)
    database.write_now(forms.add, form, "token", NOW)
    for _ in range(3):
        assert database.read_now(forms.by_token, "harif", "token") == form
    assert database.read_now(forms.by_token, "ruhama", "token") is None
    assert database.write_now(forms.use, "harif", "token", NOW + 1000) is None
    used = database.write_now(forms.use, "harif", "token", NOW + 1)
    assert used == form._replace(used_at=NOW + 1)
    assert database.write_now(forms.use, "harif", "token", NOW + 2) is None


def test_a_renewed_form_replaces_the_one_before(database: Database) -> None:
    database.write_now(forms.add, Form("harif", "f1", 1, ("iban",), NOW + 1000), "old", NOW)
    database.write_now(forms.add, Form("harif", "f2", 2, ("iban",), NOW + 1000), "another", NOW)
    database.write_now(forms.add, Form("harif", "f3", 1, ("iban",), NOW + 1000), "new", NOW)
    assert database.write_now(forms.use, "harif", "old", NOW + 1) is None
    assert database.write_now(forms.use, "harif", "new", NOW + 1) is not None
    assert database.write_now(forms.use, "harif", "another", NOW + 1) is not None


def test_a_file_is_fetched_by_one_at_a_time_and_settled_once(database: Database, vault: Vault) -> None:
    both = ("harif", "ruhama")
    wanted = [File("harif", 1, 7, "telegram", "AgAD", "صك.pdf"), File("ruhama", 2, 8, "whatsapp", "ME1")]
    database.write_now(files.want, vault, [*wanted, File("harif", 3, 7, "web", "", state="ready")], NOW)
    claimed = database.write_now(files.claim, vault, NOW, NOW + 1000, both)
    assert [(file.id, file.source, file.name, file.attempts) for file in claimed] == [
        (1, "AgAD", "صك.pdf", 1), (2, "ME1", "", 1),
    ]  # fmt: skip
    assert database.write_now(files.claim, vault, NOW, NOW + 1000, both) == []
    assert database.write_now(files.later, "harif", 1, NOW + 500)
    assert [file.id for file in database.write_now(files.claim, vault, NOW + 500, NOW + 1500, both)] == [1]
    assert database.write_now(files.ready, "harif", 1, "pdf", 12)
    assert not database.write_now(files.ready, "harif", 1, "pdf", 12)
    assert not database.write_now(files.refuse, "harif", 1, "gone")
    # The other's lease ran out: whoever comes next fetches it.
    assert [file.attempts for file in database.write_now(files.claim, vault, NOW + 1001, NOW + 9000, both)] == [2]
    assert database.write_now(files.refuse, "ruhama", 2, "too_big")
    first, second = (database.read_now(files.get, vault, *key) for key in (("harif", 1), ("ruhama", 2)))
    assert first is not None
    assert second is not None
    assert (first.state, first.kind, first.size) == ("ready", "pdf", 12)
    assert (second.state, second.reason) == ("refused", "too_big")
    assert [file.id for file in database.read_now(files.of_conversation, vault, "harif", 7)] == [1, 3]
    assert database.read_now(files.get, vault, "ruhama", 1) is None


def test_the_queue_shows_urgent_first_and_keeps_restricted_apart(database: Database, vault: Vault) -> None:
    plain, urgent, hidden = (
        Handoff("harif", 1, 10, "asked", at=NOW, women_only=True),
        Handoff("harif", 2, 11, "urgent", urgent=True, callback="العصر", at=NOW + 5),
        Handoff("harif", 3, 12, "harm", restricted=True, at=NOW),
    )
    database.write_now(handoffs.add, vault, [plain, urgent, hidden])
    assert database.read_now(handoffs.waiting, vault, "harif") == [urgent, plain]
    restricted = database.read_now(lambda c: handoffs.waiting(c, vault, "harif", restricted=True))
    assert restricted == [hidden]
    assert database.write_now(handoffs.take, "harif", 1, "staff:1", NOW)
    assert database.write_now(handoffs.take, "harif", 1, "staff:1", NOW)
    assert not database.write_now(handoffs.take, "harif", 1, "staff:2", NOW)
    assert database.write_now(handoffs.done, "harif", 10, NOW) == 1
    assert database.read_now(handoffs.waiting, vault, "harif") == [urgent]
    assert not database.write_now(handoffs.take, "harif", 1, "staff:1", NOW)


def test_a_question_is_found_by_number_or_link_and_answered_once(database: Database, vault: Vault) -> None:
    ask = Ask("harif", 4, "consent", "HRF-1", 10, "+966500000001", {"service": "دعم"}, NOW)
    database.write_now(asks.add, vault, ask, "token")
    database.write_now(asks.add, vault, Ask("harif", 5, "show_case", "HRF-2", 11, at=NOW))
    numbers = [("harif", "+966500000001"), ("harif", "+966500000002"), ("ruhama", "+966500000001")]
    assert database.read_now(asks.waiting_for, vault, numbers) == [("harif", "+966500000001", ask.id)]
    assert database.read_now(asks.by_token, vault, "harif", "token") == ask
    assert database.read_now(asks.by_token, vault, "harif", "") is None
    assert database.write_now(asks.answer, "harif", 4, True, NOW + 1)
    assert not database.write_now(asks.answer, "harif", 4, False, NOW + 2)
    answered = database.read_now(asks.by_id, vault, "harif", 4)
    assert answered == ask._replace(answered_at=NOW + 1, given=True)
    assert database.read_now(asks.waiting_for, vault, numbers) == []


def test_quarantine_keeps_an_event_until_it_is_settled(database: Database, vault: Vault) -> None:
    bad = Quarantined("harif", 6, "telegram", NOW, 3, "KeyError")
    database.write_now(quarantine.put, vault, bad, "نص".encode())
    assert database.read_now(quarantine.waiting) == database.read_now(quarantine.waiting, "harif") == [bad]
    assert database.read_now(quarantine.waiting, "ruhama") == []
    assert database.write_now(quarantine.body, vault, "harif", 6) == "نص".encode()
    assert database.write_now(quarantine.settle, "harif", 6, NOW)
    assert not database.write_now(quarantine.settle, "harif", 6, NOW)
    assert database.write_now(quarantine.body, vault, "harif", 6) is None
    assert database.read_now(quarantine.waiting) == []


def test_an_account_is_leased_to_one_process_until_it_ends(database: Database) -> None:
    assert database.write_now(accounts.lease, "harif", "telegram", "me", NOW, NOW + 10)
    assert not database.write_now(accounts.lease, "harif", "telegram", "you", NOW, NOW + 10)
    assert database.write_now(accounts.lease, "harif", "telegram", "me", NOW, NOW + 20)
    assert database.write_now(accounts.lease, "ruhama", "telegram", "you", NOW, NOW + 10)
    assert database.write_now(accounts.lease, "harif", "telegram", "you", NOW + 21, NOW + 30)
    database.write_now(accounts.give_back, "you")
    assert database.write_now(accounts.lease, "harif", "telegram", "me", NOW + 22, NOW + 30)


def test_a_lease_that_a_wrong_clock_took_for_days_is_taken_over(database: Database) -> None:
    days = 2 * 86_400_000
    assert database.write_now(accounts.lease, "harif", "telegram", "dead", NOW + days, NOW + days + 6000)
    assert database.write_now(accounts.lease, "harif", "telegram", "me", NOW, NOW + 6000)
    assert not database.write_now(accounts.lease, "harif", "telegram", "you", NOW - 5000, NOW + 1000), "a bit behind"


def test_a_provider_that_says_wait_is_never_overruled_by_an_earlier_word(database: Database) -> None:
    for moment in (NOW + 50, NOW + 20):
        database.write_now(accounts.hold, "harif", "telegram", moment)
    account = database.read_now(accounts.load)[("harif", "telegram")]
    assert (account.not_before, account.paused) == (NOW + 50, False)


@pytest.mark.parametrize("switch", [(ALL, ALL), ("harif", ALL), (ALL, "telegram"), ("harif", "telegram")])
def test_each_switch_holds_what_it_names_and_nothing_else(database: Database, switch: tuple[str, str]) -> None:
    database.write_now(accounts.pause, *switch, "maintenance")
    known = database.read_now(accounts.load)
    held = accounts.paused(known, "harif", "telegram")
    assert held is not None
    assert held.paused_why == "maintenance"
    for association, channel in (("ruhama", "telegram"), ("harif", "whatsapp"), ("ruhama", "whatsapp")):
        named = switch[0] in (ALL, association) and switch[1] in (ALL, channel)
        assert (accounts.paused(known, association, channel) is not None) == named
    assert database.write_now(accounts.resume, *switch)
    assert not database.write_now(accounts.resume, *switch)
    assert accounts.paused(database.read_now(accounts.load), "harif", "telegram") is None


def test_the_same_alarm_rings_once_until_it_was_seen(database: Database) -> None:
    assert database.write_now(alarms.ring, "harif", "channel_stopped", NOW)
    assert not database.write_now(lambda c: alarms.ring(c, "harif", "channel_stopped", NOW + 5, urgent=True))
    assert database.write_now(alarms.ring, "ruhama", "channel_stopped", NOW)
    (alarm,) = database.read_now(alarms.waiting, "harif")
    assert (alarm.times, alarm.urgent, alarm.at, alarm.last_at) == (2, True, NOW, NOW + 5)
    assert database.read_now(alarms.count) == 2
    database.write_now(alarms.seen, "harif", alarm.id, NOW)
    assert database.read_now(alarms.waiting, "harif") == []
    assert database.write_now(alarms.ring, "harif", "channel_stopped", NOW + 9)


def test_templates_are_remembered_for_their_account(database: Database) -> None:
    for provider_id in ("HX1", "HX2"):
        database.write_now(contents.remember, "harif", "whatsapp", b"d1", provider_id, NOW)
    assert database.read_now(contents.known, "harif", "whatsapp", [b"d1", b"d2"]) == {b"d1": "HX2"}
    assert database.read_now(contents.known, "ruhama", "whatsapp", [b"d1"]) == {}
    database.write_now(contents.forget, "harif", "whatsapp", b"d1")
    assert database.read_now(contents.known, "harif", "whatsapp", [b"d1"]) == {}


def test_who_did_what_is_kept_in_order(database: Database) -> None:
    acts = [Act("harif", NOW, "staff:1", "opened", "case:HRF-1"), Act("harif", NOW, "operator", "move", "case:HRF-1")]
    database.write_now(audit.log, acts)
    assert database.read_now(audit.about, "harif", "case:HRF-1") == acts
    assert database.read_now(audit.about, "ruhama", "case:HRF-1") == []


def test_what_was_seen_long_ago_is_forgotten(database: Database) -> None:
    old, new = ("harif", seen.digest_key("telegram", "1")), ("harif", seen.digest_key("telegram", "2"))
    database.write_now(seen.claim, [old], NOW - 10)
    database.write_now(seen.claim, [new], NOW)
    assert database.write_now(seen.forget, NOW) == 1
    assert database.write_now(seen.claim, [old, new], NOW) == {old}
