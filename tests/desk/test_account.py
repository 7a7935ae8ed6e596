"""One's own account: what may be changed, with what proof, and what follows."""

import re
from types import SimpleNamespace
from typing import Any

import pyotp
import pytest

from bot.desk.desk import COOKIE
from bot.desk.door import passwords
from bot.desk.door.front import RECOVERY
from conversations.association.policy_version import policy_version
from storage import codes, policy, sign_ins, staff
from storage.schema_desk import HOUSE
from storage.times import DAY, ms
from tests.desk.house import Browser, House, words_of
from tests.desk.visitor import LOGIN, PASSWORD, Visitor, with_totp

NEW = "قهوة بالهيل كل مساء"


def held(house: House, id: int) -> int:
    return len(house.ask(sign_ins.of, id, ms(house.now), DAY))


# --- name, language, presence ----------------------------------------------------------------------------------------


def test_the_account_shows_roles_and_where_one_is_signed_in(house: House, hind: int) -> None:
    page = house.worker("relations_officer", id=hind).text("/account")
    assert "موظف علاقات المستفيدين" in page and LOGIN in page and "هذا المتصفح" in page


def test_name_and_language_are_kept_for_the_next_page(house: House, hind: int) -> None:
    worker = house.worker("relations_officer", id=hind)
    page = worker.post("/account", name="  هند   العلي ", language="en")
    assert page.status_code == 200 and 'lang="en"' in page.text and "Kept." in page.text
    account = house.ask(staff.by_id, house.vault, hind)
    assert (account.name, account.language) == ("هند العلي", "en")


def test_an_empty_name_is_not_kept_and_says_so(house: House, hind: int) -> None:
    worker = house.worker("relations_officer", id=hind)
    assert worker.post("/account", name=" ", language="ar").status_code == 422
    assert house.ask(staff.by_id, house.vault, hind).name == "هند"


def test_whoever_is_away_says_so_for_this_association_alone(house: House, hind: int) -> None:
    house.worker("auditor", id=hind, association="ruhama")
    worker = house.worker("relations_officer", id=hind)
    worker.post("/account/presence", presence="away")
    assert house.ask(staff.member_of, "harif", hind).presence == "away"
    assert house.ask(staff.member_of, "ruhama", hind).presence == "auto"
    assert worker.post("/account/presence", presence="invisible").status_code == 404


# --- password --------------------------------------------------------------------------------------------------------


def test_a_new_password_ends_every_other_sign_in(house: House, hind: int) -> None:
    elsewhere, here = house.worker("relations_officer", id=hind), house.worker("relations_officer", id=hind)
    answer = here.post("/account/password", current=PASSWORD, password=NEW, again=NEW)
    assert answer.status_code == 200 and "حُفظت كلمة المرور" in answer.text
    assert here.get("/appointments").status_code == 200
    assert elsewhere.get("/inbox", follow=False).status_code == 303
    assert Visitor(house).sign_in().status_code == 401 and Visitor(house).sign_in(NEW).status_code == 303
    assert (here.who, "account.password", here.who, "") in house.acts()


def test_the_old_password_is_asked_and_guessing_it_waits(house: House, hind: int) -> None:
    here = house.worker("relations_officer", id=hind)
    answers = [here.post("/account/password", current="خطأ", password=NEW, again=NEW).status_code for _ in range(5)]
    assert answers == [422, 422, 422, 422, 429]
    assert Visitor(house).sign_in().status_code == 303, "guessing here keeps nobody out at the door"


def test_a_password_of_spaces_that_look_alike_is_the_same_on_every_keyboard(house: House, hind: int) -> None:
    assert passwords._fits(passwords.hashed_now("ﻻ أحد يعرفها أبدًا"), "لا أحد يعرفها أبدًا")


# --- authenticator ---------------------------------------------------------------------------------------------------


def fields_of(page: Any) -> tuple[str, pyotp.TOTP]:
    """What the page's form brings back, and the authenticator that scanned it."""
    pending = re.search(r'name="pending" value="([^"]+)"', page.text)
    secret = re.search(r'class="ltr secret">([A-Z2-7 ]+)<', page.text)
    assert pending and secret
    return pending[1], pyotp.TOTP(secret[1].replace(" ", ""))


def test_an_authenticator_counts_once_its_first_code_was_typed(house: House, hind: int) -> None:
    worker = house.worker("relations_officer", id=hind)
    page = worker.get("/account/totp")
    assert 'src="data:image/svg+xml' in page.text and "img-src 'self' data:" in page.headers["content-security-policy"]
    pending, totp = fields_of(page)
    wrong = worker.post("/account/totp", pending=pending, code="000000")
    assert wrong.status_code == 422 and fields_of(wrong)[1].secret == totp.secret, "the same picture stays"
    assert house.ask(staff.by_id, house.vault, hind).totp == ""
    done = worker.post("/account/totp", pending=pending, code=totp.at(house.now))
    paper = re.findall(r"<code>([a-z2-9-]{19})</code>", done.text)
    assert done.status_code == 200 and len(set(paper)) == 8
    assert house.ask(codes.left, hind, RECOVERY, ms(house.now)) == 8
    visitor = Visitor(house)
    again = visitor.code(visitor.sign_in(), totp.at(house.now))
    assert again.status_code == 401, "the code it was set up with is used up"
    house.later(seconds=31)
    assert visitor.code(visitor.sign_in(), totp.at(house.now)).status_code == 303


def test_the_secret_of_a_form_is_of_use_to_nobody_else(house: House, hind: int) -> None:
    pending, totp = fields_of(house.worker("relations_officer", id=hind).get("/account/totp"))
    other = house.worker("auditor")
    assert other.post("/account/totp", pending=pending, code=totp.at(house.now)).status_code == 422
    assert other.post("/account/totp", pending="made up", code="1").status_code == 422


def test_the_secret_lies_sealed(house: House, hind: int) -> None:
    worker = house.worker("relations_officer", id=hind)
    pending, totp = fields_of(worker.get("/account/totp"))
    worker.post("/account/totp", pending=pending, code=totp.at(house.now))
    data = b"".join(path.read_bytes() for path in house.database.path.parent.glob("wasl.db*"))
    assert totp.secret.encode() not in data


def test_another_phone_needs_a_code_of_the_one_before(house: House, hind: int) -> None:
    old, worker = with_totp(house, hind), house.worker("relations_officer", id=hind)
    pending, new = fields_of(worker.get("/account/totp"))
    assert worker.post("/account/totp", pending=pending, code=new.at(house.now)).status_code == 422
    fields = {"pending": pending, "old": old.at(house.now), "code": new.at(house.now)}
    assert worker.post("/account/totp", **fields).status_code == 200
    assert house.ask(staff.by_id, house.vault, hind).totp == new.secret


def test_turning_it_off_and_new_paper_need_a_code(house: House, hind: int) -> None:
    totp, worker = with_totp(house, hind), house.worker("relations_officer", id=hind)
    assert worker.post("/account/totp/off", code="000000").status_code == 422
    sheet = worker.post("/account/codes", code=totp.at(house.now))
    paper = re.findall(r"<code>([a-z2-9-]{19})</code>", sheet.text)
    assert worker.post("/account/totp/off", code=totp.at(house.now)).status_code == 422, "used up"
    assert worker.post("/account/totp/off", code=paper[0]).status_code == 200
    assert house.ask(staff.by_id, house.vault, hind).totp == ""
    assert house.ask(codes.left, hind, RECOVERY, ms(house.now)) == 0


def test_where_everybody_needs_one_it_is_not_turned_off(house: House, hind: int) -> None:
    from bot.settings import read_settings

    totp, worker = with_totp(house, hind), house.worker("relations_officer", id=hind)
    house.desk.settings = read_settings({"WASL_DESK_TOTP": "required"})
    assert worker.post("/account/totp/off", code=totp.at(house.now)).status_code == 409
    assert "/totp/off" not in worker.get("/account").text


# --- sign-ins --------------------------------------------------------------------------------------------------------


def test_a_sign_in_elsewhere_is_ended_by_oneself(house: House, hind: int) -> None:
    elsewhere, here = house.worker("relations_officer", id=hind), house.worker("relations_officer", id=hind)
    its_id = re.search(r"/account/sign-ins/(\d+)/end", here.get("/account").text)
    assert its_id
    assert here.post(f"/account/sign-ins/{its_id[1]}/end").status_code == 200
    assert elsewhere.get("/inbox", follow=False).status_code == 303 and held(house, hind) == 1
    assert (here.who, "sign_in.end", here.who, "") in house.acts()


def test_nobody_ends_the_sign_in_of_another_by_its_number(house: House, hind: int) -> None:
    other, me = house.worker("auditor"), house.worker("relations_officer", id=hind)
    theirs = house.ask(sign_ins.of, other.id, ms(house.now), DAY)[0].id
    assert me.post(f"/account/sign-ins/{theirs}/end").status_code == 404
    assert other.get("/account").status_code == 200


def test_all_others_end_at_once(house: House, hind: int) -> None:
    workers: list[Browser] = [house.worker("relations_officer", id=hind) for _ in range(3)]
    workers[0].post("/account/sign-ins/others/end")
    assert [one.get("/appointments", follow=False).status_code for one in workers] == [200, 303, 303]


# --- Telegram --------------------------------------------------------------------------------------------------------


class Groups:
    """What the staff's groups are to this page."""

    def __init__(self) -> None:
        self.groups = {"harif": object()}
        self.asked: list[int] = []

    async def invite(self, worker: int) -> Any:
        self.asked.append(worker)
        return SimpleNamespace(code="c0de", links={"harif": "https://t.me/harif_bot?start=staff-c0de"})


def test_a_link_to_telegram_is_shown_where_there_is_a_group(house: House, hind: int) -> None:
    worker = house.worker("relations_officer", id=hind)
    assert "/account/telegram" not in worker.get("/account").text
    assert worker.post("/account/telegram").status_code == 404
    groups = Groups()
    house.desk.staff_groups = groups  # type: ignore[assignment]
    assert "/account/telegram" in worker.get("/account").text
    page = worker.post("/account/telegram")
    assert "https://t.me/harif_bot?start=staff-c0de" in page.text and groups.asked == [hind]


def test_a_bound_telegram_account_is_let_go(house: House, hind: int) -> None:
    worker = house.worker("relations_officer", id=hind)
    house.desk.staff_groups = Groups()  # type: ignore[assignment]
    house.do(staff.bind_telegram, house.vault, hind, 700123)
    assert "مرتبط" in worker.text("/account")
    worker.post("/account/telegram/off")
    assert not house.ask(staff.has_telegram, hind)


# --- signing the policy ----------------------------------------------------------------------------------------------


@pytest.fixture
def newcomer(house: House) -> Browser:
    return house.worker("relations_officer", name="نورة السالم", signed=False)


def version(house: House) -> str:
    return policy_version(house.associations["harif"].profile)


def test_nothing_is_seen_before_the_policy_is_read_and_signed(house: House, newcomer: Browser) -> None:
    assert newcomer.get("/inbox", follow=False).headers["location"] == "/desk/harif/policy/sign"
    page = newcomer.get("/policy/sign")
    for clause in house.associations["harif"].profile.clauses:
        assert clause.text in words_of(page.text) or clause.text[:40] in page.text
    name = "نوره  السّالم"
    answer = newcomer.post("/policy/sign", version=version(house), read="yes", name=name, follow=False)
    assert answer.headers["location"] == "/desk/harif/?said=policy_signed"
    assert newcomer.get("/appointments").status_code == 200
    assert (newcomer.who, "policy.sign", f"policy:{version(house)}", "") in house.acts()


def test_no_door_is_shown_that_leads_back_to_the_signing(house: House, newcomer: Browser) -> None:
    assert 'class="doors"' not in newcomer.get("/policy/sign").text
    assert 'class="doors"' not in newcomer.get("/account").text
    assert 'class="doors"' in house.worker("relations_officer").get("/policy/sign").text


@pytest.mark.parametrize(
    ("fields", "status"),
    [({"read": "", "name": "نورة السالم"}, 422), ({"name": "غيرها"}, 422), ({"version": "another"}, 409)],
)
def test_what_is_not_read_or_not_signed_by_name_is_not_signed(
    house: House, newcomer: Browser, fields: dict[str, str], status: int
) -> None:
    given = {"version": version(house), "read": "yes", "name": "نورة السالم", **fields}
    assert newcomer.post("/policy/sign", **given).status_code == status
    assert not house.ask(policy.has_signed, "harif", newcomer.id, version(house))


def test_a_changed_policy_is_put_before_everybody_again(house: House) -> None:
    worker = house.worker("relations_officer", signed=False, name="هند")
    house.do(policy.sign, "harif", worker.id, "an older one", ms(house.now) - 90 * DAY)
    assert worker.get("/inbox", follow=False).headers["location"] == "/desk/harif/policy/sign"
    assert "تغيّرت السياسة بعد توقيعكم" in worker.text("/policy/sign")


def test_the_account_is_open_before_signing_and_nothing_else(house: House, newcomer: Browser) -> None:
    assert newcomer.get("/account", follow=False).status_code == 200
    assert newcomer.client.cookies[COOKIE] == newcomer.token
    assert house.acts(HOUSE) == []
