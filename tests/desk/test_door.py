"""Who comes in, and what every page asks for before it answers."""

from typing import Any

import pytest

from bot.desk.desk import COOKIE, digest
from bot.desk.door import passwords
from bot.desk.door.authenticator import new_paper_codes
from bot.desk.door.caution import COOKIE as KNOWN
from bot.desk.door.front import RECOVERY
from storage import codes, invitations, sign_ins, staff, tries
from storage.invitations import Invitation
from storage.schema_desk import HOUSE
from storage.times import DAY, MINUTE, ms
from tests.desk.house import Browser, House, words_of
from tests.desk.visitor import LOGIN, PASSWORD, Visitor, with_totp


def acts(house: House, association: str = "harif") -> list[tuple[str, str, str]]:
    return [(who, act, detail) for who, act, _, detail in house.acts(association)]


# --- every page ------------------------------------------------------------------------------------------------------


def test_whoever_is_not_signed_in_is_shown_the_door(house: House) -> None:
    stranger = house.worker("relations_officer")
    stranger.client.cookies.delete(COOKIE)
    answer = stranger.get("/inbox", follow=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/sign-in?next=/desk/harif/inbox")


def test_nothing_of_another_association_is_there(house: House) -> None:
    officer = house.worker("relations_officer")
    assert officer.get("/account").status_code == 200
    assert officer.get("/desk/ruhama/inbox").status_code == 404
    assert house.acts("ruhama") == [(officer.who, "refused", "", "not_a_member")]


def test_a_page_that_may_be_seen_before_signing_is_not_there_for_another_association_either(house: House) -> None:
    officer = house.worker("relations_officer")
    assert officer.get("/desk/ruhama/policy/sign").status_code == 404
    assert officer.get("/desk/ruhama/account").status_code == 404


def test_a_role_without_the_right_is_refused_and_it_is_on_record(house: House) -> None:
    auditor = house.worker("auditor")
    assert auditor.get("/inbox").status_code == 403
    assert [(who, act) for who, act, _, detail in house.acts() if detail.startswith("inbox.")] == [
        (auditor.who, "refused")
    ]


# --- signing in ------------------------------------------------------------------------------------------------------


def test_the_right_password_opens_the_desk_and_it_is_on_record(house: House, hind: int) -> None:
    visitor = Visitor(house)
    answer = visitor.sign_in(next="/desk/harif/inbox")
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/harif/inbox")
    cookie = next(one for one in answer.headers.get_list("set-cookie") if one.startswith(COOKIE))
    assert "HttpOnly" in cookie and "samesite=lax" in cookie.lower() and "Path=/desk" in cookie
    assert visitor.is_in
    assert (f"staff:{hind}", "sign_in", "password") in acts(house)


@pytest.mark.parametrize("login", [f" {LOGIN.upper()} ", LOGIN])
def test_a_login_is_the_same_however_it_is_written(house: House, hind: int, login: str) -> None:
    assert Visitor(house).sign_in(login=login).status_code == 303


def test_a_wrong_password_and_a_login_nobody_has_read_the_same(house: House, hind: int) -> None:
    wrong, nobody = Visitor(house).sign_in("خطأ تمامًا"), Visitor(house).sign_in(login="nobody@harif.example")
    assert wrong.status_code == nobody.status_code == 401
    assert words_of(wrong.text) == words_of(nobody.text)
    assert (f"staff:{hind}", "sign_in.failed", "") in acts(house)
    assert COOKIE not in wrong.cookies


def test_a_closed_account_reads_like_a_wrong_password(house: House, hind: int) -> None:
    house.do(lambda c: staff.change(c, hind, disabled_at=ms(house.now)))
    assert Visitor(house).sign_in().status_code == 401


@pytest.mark.parametrize(
    "next", ["https://evil.example/", "//evil.example", "/desk//evil.example", "/desk/\\evil", "/chat", "/desk/../x"]
)
def test_nobody_is_sent_out_of_the_desk(house: House, hind: int, next: str) -> None:
    assert Visitor(house).sign_in(next=next).headers["location"] == "/desk"


def test_a_form_from_another_site_is_refused(house: House, hind: int) -> None:
    visitor = Visitor(house)
    fields = {"key": "", "login": LOGIN, "password": PASSWORD}
    for headers in ({"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}):
        assert visitor.client.post("/desk/sign-in", data=fields, headers=headers).status_code == 403
    assert not visitor.is_in


def test_signing_in_again_in_one_browser_ends_what_was_there(house: House, hind: int) -> None:
    visitor = Visitor(house)
    visitor.sign_in()
    first = visitor.client.cookies[COOKIE]
    visitor.sign_in()
    assert visitor.client.cookies[COOKIE] != first
    visitor.client.cookies.set(COOKIE, first, path="/desk")
    held = house.ask(sign_ins.of, hind, ms(house.now), DAY)
    assert len(held) == 1
    assert house.ask(sign_ins.find, house.vault, digest(first), ms(house.now), DAY) is None


def test_signing_out_ends_the_sign_in_for_good(house: House, hind: int) -> None:
    worker = house.worker("relations_officer", id=hind)
    assert worker.post("/desk/sign-out", follow=False).status_code == 303
    worker.client.cookies.set(COOKIE, worker.token, path="/desk")
    assert worker.get("/inbox", follow=False).status_code == 303
    assert (worker.who, "sign_out", "") in acts(house)


def test_the_kept_browser_is_two_words(house: House, hind: int) -> None:
    visitor = Visitor(house)
    line = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Safari/537.36"
    visitor.client.headers["user-agent"] = line
    visitor.sign_in()
    assert [one.agent for one in house.ask(sign_ins.of, hind, ms(house.now), DAY)] == ["Chrome · Windows"]


# --- guessing --------------------------------------------------------------------------------------------------------


def test_the_fourth_wrong_try_makes_the_fifth_wait_and_then_it_is_looked_at(house: House, hind: int) -> None:
    visitor = Visitor(house)
    for _ in range(4):
        assert visitor.sign_in("خطأ تمامًا").status_code == 401
    waits = visitor.sign_in()
    assert waits.status_code == 429 and COOKIE not in waits.cookies
    assert "انتظروا ثانيتين" in words_of(waits.text)
    house.later(seconds=3)
    assert visitor.sign_in().status_code == 303


def test_waits_double_up_to_a_quarter_hour() -> None:
    waits = [tries.wait_after("login", n) // 1000 for n in range(1, 16)]
    assert waits == [0, 0, 0, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]


def test_a_login_nobody_has_waits_like_any_other(house: House, hind: int) -> None:
    seen: list[list[int]] = []
    for login in (LOGIN, "nobody@harif.example"):
        visitor = Visitor(house, f"198.51.100.{len(seen)}")
        seen.append([visitor.sign_in("خطأ تمامًا", login).status_code for _ in range(6)])
    assert seen[0] == seen[1] == [401, 401, 401, 401, 429, 429]


def guessed_at(house: House) -> None:
    """Strangers everywhere keep this login waiting."""
    for n in range(16):
        Visitor(house, f"198.51.100.{n}").sign_in("خطأ تمامًا")
        if n < 12:
            house.line.now += tries.wait_after("login", n + 1) * (house.line.now.resolution * 1000)


def test_a_stranger_who_keeps_a_login_waiting_does_not_keep_its_owner_out(house: House, hind: int) -> None:
    own = Visitor(house)
    own.sign_in()
    own.client.cookies.delete(COOKIE)
    guessed_at(house)
    assert Visitor(house, "203.0.113.99").sign_in().status_code == 429
    assert own.sign_in().status_code == 303, "the browser in which they signed in before is known"
    assert (f"staff:{hind}", "sign_in.locked", "") in acts(house)


def test_a_known_browser_is_known_for_its_owner_alone_and_guesses_no_more_than_others(house: House, hind: int) -> None:
    own = Visitor(house)
    own.sign_in()
    other = house.account("سعد", "saad@harif.example")
    house.do(lambda c: staff.change(c, other, password=passwords.hashed_now(PASSWORD)))
    own.client.cookies.delete(COOKIE)
    assert [own.sign_in("خطأ", "saad@harif.example").status_code for _ in range(5)][-1] == 429
    assert [own.sign_in("خطأ").status_code for _ in range(5)][-1] == 429


def test_a_made_up_mark_of_a_browser_is_worth_nothing(house: House, hind: int) -> None:
    visitor = Visitor(house)
    visitor.client.cookies.set(KNOWN, "bWFkZSB1cA==", path="/desk")
    assert visitor.sign_in().status_code == 303


def test_the_lock_ends_by_itself(house: House, hind: int) -> None:
    guessed_at(house)
    visitor = Visitor(house, "203.0.113.99")
    assert visitor.sign_in().status_code == 429
    house.later(minutes=16)
    assert visitor.sign_in().status_code == 303


def test_one_address_that_tries_many_logins_waits_and_an_office_behind_one_does_not(house: House, hind: int) -> None:
    visitor = Visitor(house)
    for n in range(21):
        visitor.sign_in("خطأ تمامًا", f"someone{n}@harif.example")
    assert visitor.sign_in("خطأ تمامًا", "another@harif.example").status_code == 429
    office = "192.0.2.1"
    assert all(Visitor(house, office).sign_in().status_code == 303 for _ in range(25))


def test_no_address_and_no_login_stands_in_the_table_of_tries(house: House, hind: int) -> None:
    Visitor(house, "203.0.113.77").sign_in("خطأ تمامًا")
    data = b"".join(path.read_bytes() for path in house.database.path.parent.glob("wasl.db*"))
    assert b"sign_in_tries" in data
    assert b"203.0.113.77" not in data and LOGIN.encode() not in data


# --- the second step -------------------------------------------------------------------------------------------------


def test_whoever_has_an_authenticator_is_asked_for_its_code(house: House, hind: int) -> None:
    totp, visitor = with_totp(house, hind), Visitor(house)
    page = visitor.sign_in(next="/desk/harif/inbox")
    assert page.status_code == 200 and COOKIE not in page.cookies
    answer = visitor.code(page, totp.at(house.now))
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/harif/inbox")
    assert visitor.is_in


def test_a_code_in_arabic_digits_and_with_a_space_is_taken(house: House, hind: int) -> None:
    totp, visitor = with_totp(house, hind), Visitor(house)
    code = totp.at(house.now).translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    assert visitor.code(visitor.sign_in(), f"{code[:3]} {code[3:]}").status_code == 303


def test_a_code_is_taken_once(house: House, hind: int) -> None:
    totp, one, two = with_totp(house, hind), Visitor(house), Visitor(house, "203.0.113.8")
    code = totp.at(house.now)
    assert one.code(one.sign_in(), code).status_code == 303
    again = two.code(two.sign_in(), code)
    assert again.status_code == 401 and not two.is_in


def test_codes_cannot_be_guessed_by_giving_the_password_again(house: House, hind: int) -> None:
    with_totp(house, hind)
    visitor = Visitor(house)
    answers = []
    for _ in range(4):
        page = visitor.sign_in()
        answers.append(page.status_code)
        if page.status_code == 200:
            answers.append(visitor.code(page, "000000").status_code)
    assert 429 in answers and 303 not in answers


def test_half_a_sign_in_lasts_five_minutes_and_ends_with_the_password(house: House, hind: int) -> None:
    totp, visitor = with_totp(house, hind), Visitor(house)
    page = visitor.sign_in()
    house.later(minutes=6)
    assert visitor.code(page, totp.at(house.now)).status_code == 401
    page = visitor.sign_in()
    house.do(lambda c: staff.change(c, hind, password=passwords.hashed_now("كلمة أخرى تمامًا")))
    assert visitor.code(page, totp.at(house.now)).status_code == 401
    assert visitor.post("/desk/sign-in/code", half="made up", code="1").status_code == 401


def test_a_code_on_paper_is_taken_once_and_only_from_its_owner(house: House, hind: int) -> None:
    with_totp(house, hind)
    paper = new_paper_codes()
    house.do(codes.keep, hind, RECOVERY, paper, ms(house.now) + DAY)
    visitor = Visitor(house)
    typed = paper[0].upper().replace("-", " ")
    assert visitor.code(visitor.sign_in(), typed).status_code == 303
    other = Visitor(house, "203.0.113.9")
    assert other.code(other.sign_in(), paper[0]).status_code == 401
    assert house.ask(codes.left, hind, RECOVERY, ms(house.now)) == 7
    assert (f"staff:{hind}", "sign_in.paper_code", "") in acts(house)


# --- invitations -----------------------------------------------------------------------------------------------------


def invited(house: House, login: str = "new@harif.example", **more: Any) -> str:
    given = Invitation(**{"association": "harif", "login": login, "roles": frozenset({"committee"}), **more})
    return f"/desk/invitation/{house.do(invitations.make, house.vault, given, ms(house.now))}"


def test_an_invitation_makes_an_account_and_leads_to_the_policy(house: House, quick: None) -> None:
    link, visitor = invited(house, name="نورة"), Visitor(house)
    page = visitor.get(link)
    assert page.status_code == 200 and "نورة" in page.text and "new@harif.example" in page.text
    answer = visitor.post(link, name="نورة السالم", password=PASSWORD, again=PASSWORD)
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/harif/")
    assert visitor.get("/desk/harif/").headers["location"] == "/desk/harif/policy/sign"
    account = house.ask(staff.by_login, house.vault, "new@harif.example")
    assert house.ask(staff.member_of, "harif", account.id).roles == {"committee"}
    assert (f"staff:{account.id}", "invitation.accepted", "join") in acts(house)
    assert Visitor(house, "203.0.113.8").sign_in(login="new@harif.example").status_code == 303


def test_an_invitation_works_once_and_for_a_week(house: House, quick: None) -> None:
    link = invited(house)
    fields = {"name": "نورة", "password": PASSWORD, "again": PASSWORD}
    assert Visitor(house).post(link, **fields).status_code == 303
    assert Visitor(house).get(link).status_code == 404 and Visitor(house).post(link, **fields).status_code == 404
    late = invited(house, "late@harif.example")
    house.later(days=8)
    assert Visitor(house).get(late).status_code == 404
    assert Visitor(house).get("/desk/invitation/guessed").status_code == 404


@pytest.mark.parametrize(
    ("password", "again", "said"),
    [
        ("قصيرة", "قصيرة", "قصيرة"),
        ("aaaaaaaaaaaa", "aaaaaaaaaaaa", "سهلة التخمين"),
        (PASSWORD, PASSWORD + " ", "غير متطابقتين"),
        ("new@harif.example", "new@harif.example", "اسم الدخول"),
    ],
)
def test_a_password_that_is_not_taken_says_why_and_keeps_the_name(
    house: House, quick: None, password: str, again: str, said: str
) -> None:
    link, visitor = invited(house), Visitor(house)
    page = visitor.post(link, name="نورة السالم", password=password, again=again)
    assert page.status_code == 422 and said in page.text and "نورة السالم" in page.text
    assert visitor.post(link, name="نورة السالم", password=PASSWORD, again=PASSWORD).status_code == 303


def test_an_account_that_exists_joins_only_when_its_owner_accepts(house: House, hind: int) -> None:
    link = invited(house, LOGIN, association="ruhama")
    visitor = Visitor(house)
    assert visitor.post(link, name="غيرها", password=PASSWORD, again=PASSWORD).status_code == 403
    other = house.worker("auditor", association="ruhama")
    assert other.post(link).status_code == 403
    assert house.ask(staff.member_of, "ruhama", hind) is None
    visitor.sign_in()
    assert visitor.get(link).status_code == 200
    assert visitor.post(link).headers["location"] == "/desk/ruhama/"
    assert house.ask(staff.member_of, "ruhama", hind).roles == {"committee"}
    assert {one.association for one in house.ask(staff.memberships, hind)} == {"harif", "ruhama"}


def test_a_new_password_by_link_ends_every_sign_in_and_keeps_the_authenticator(house: House, hind: int) -> None:
    totp = with_totp(house, hind)
    old = house.worker("relations_officer", id=hind)
    link = invited(house, "", purpose="reset", staff=hind, association=HOUSE)
    visitor = Visitor(house)
    answer = visitor.post(link, password="قهوة بالهيل كل مساء", again="قهوة بالهيل كل مساء")
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk/sign-in")
    assert old.get("/inbox", follow=False).status_code == 303
    assert visitor.sign_in().status_code == 401
    assert visitor.code(visitor.sign_in("قهوة بالهيل كل مساء"), totp.at(house.now)).status_code == 303


def test_a_new_password_and_authenticator_by_link_starts_anew(house: House, hind: int) -> None:
    with_totp(house, hind)
    guessed_at(house)
    link = invited(house, "", purpose="reset_all", staff=hind)
    visitor = Visitor(house, "203.0.113.50")
    fields = {"password": "قهوة بالهيل كل مساء", "again": "قهوة بالهيل كل مساء"}
    assert visitor.post(link, **fields).headers["location"] == "/desk"
    assert visitor.is_in, "whoever was kept waiting at the door comes in by a new link"
    assert house.ask(staff.by_id, house.vault, hind).totp == ""
    assert visitor.sign_in("قهوة بالهيل كل مساء").status_code == 303


def test_the_first_one_has_every_role_everywhere_and_there_is_no_second_first(house: House, quick: None) -> None:
    from conversations.rights import WORKER_ROLES

    links = [
        invited(house, "", purpose="first", association=HOUSE, roles=frozenset(WORKER_ROLES), staff=None)
        for _ in range(2)
    ]
    assert Visitor(house).get(links[0]).status_code == 404, "a newer one ends the one before"
    visitor = Visitor(house)
    fields = {"login": "first@example.sa", "name": "الأولى", "password": PASSWORD, "again": PASSWORD}
    assert visitor.post(links[1], **{**fields, "login": ""}).status_code == 422
    assert visitor.post(links[1], **fields).headers["location"] == "/desk"
    account = house.ask(staff.by_login, house.vault, "first@example.sa")
    members = house.ask(staff.memberships, account.id)
    assert {one.association for one in members} == set(house.associations)
    assert all(one.roles == set(WORKER_ROLES) for one in members)
    later = invited(house, "", purpose="first", association=HOUSE, roles=frozenset(WORKER_ROLES))
    assert Visitor(house).get(later).status_code == 404, "only while nobody works here"


# --- an authenticator that the house asks for ------------------------------------------------------------------------


def test_where_the_house_asks_for_an_authenticator_nothing_is_seen_before(house: House, hind: int) -> None:
    from bot.settings import read_settings

    house.desk.settings = read_settings({"WASL_DESK_TOTP": "required"})
    worker = house.worker("relations_officer", id=hind)
    assert worker.get("/inbox", follow=False).headers["location"] == "/desk/harif/account/totp"
    assert worker.get("/account/totp").status_code == 200
    with_totp(house, hind)
    assert worker.get("/appointments").status_code == 200


def test_single_sign_on_answers_for_the_second_factor_itself(house: House, hind: int) -> None:
    from bot.settings import read_settings

    house.desk.settings = read_settings({"WASL_DESK_TOTP": "required"})
    worker: Browser = house.worker("relations_officer", id=hind)
    house.do(lambda c: sign_ins.end(c, hind, ms(house.now)))
    now = ms(house.now)
    house.do(sign_ins.keep, hind, digest("by sso"), "sso", "", now, now + MINUTE)
    worker.client.cookies.set(COOKIE, "by sso", path="/desk")
    assert worker.get("/appointments").status_code == 200


@pytest.mark.parametrize(("language", "says"), [("ar", "حدث خطأ عندنا"), ("en", "Something went wrong on our side")])
def test_a_defect_of_ours_is_a_page_with_a_way_back_and_a_number_for_the_log(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, language: str, says: str
) -> None:
    def breaks(*_: Any) -> None:
        raise LookupError("what somebody typed")

    monkeypatch.setattr("bot.desk.rooms.inbox._read", breaks)
    worker = house.worker("relations_officer", language=language)
    with caplog.at_level("ERROR", "wasl"):
        answer = worker.get("/inbox")
    assert answer.status_code == 500 and says in answer.text and "/desk" in answer.text
    assert "somebody typed" not in answer.text and "LookupError" not in answer.text
    (line,) = [record for record in caplog.records if record.getMessage() == "desk_failed"]
    facts = line.facts  # type: ignore[attr-defined]
    assert facts["number"] in answer.text and facts["error"] == "LookupError"
