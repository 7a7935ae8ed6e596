"""`wasl staff`, and the link that a house without anybody prints when it starts."""

import re
import shutil
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.desk.door import passwords
from conversations.association.association import Association
from conversations.rights import WORKER_ROLES
from storage import invitations, staff
from storage.schema_desk import HOUSE
from storage.times import DAY
from tests.bot.wasl import SECRET, Wasl, get, serving

LINK = re.compile(r"http://\S+/desk/invitation/(\S+)")
LOGIN = "noura@harif.example"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, associations: Mapping[str, Association]) -> Path:
    folder = tmp_path_factory.mktemp("staff")
    with pytest.MonkeyPatch.context() as patch, Wasl(folder, associations, patch).line():
        pass
    return folder


@pytest.fixture
def wasl(
    template: Path, tmp_path: Path, associations: Mapping[str, Association], monkeypatch: pytest.MonkeyPatch
) -> Wasl:
    shutil.copytree(template, tmp_path / "data")
    return Wasl(tmp_path / "data", associations, monkeypatch)


def found(wasl: Wasl, link: str) -> invitations.Invitation | None:
    token = LINK.search(link)
    assert token, link
    with wasl.line() as line:
        now = int(line.intake.clock().timestamp() * 1000)
        return line.database.read_now(invitations.find, line.vault, ["harif", HOUSE], token[1], now)


def worker(wasl: Wasl, login: str = LOGIN, *roles: str) -> None:
    given = [part for role in roles or ("committee",) for part in ("--role", role)]
    said = wasl("staff", "add", "harif", login, "--name", "نورة", "--password-stdin", *given, stdin=f"{SECRET}\n")
    assert said.code == 0, said.err


def member(wasl: Wasl, login: str = LOGIN) -> staff.Member | None:
    with wasl.line() as line:
        account = line.database.read_now(staff.by_login, line.vault, login)
        return line.database.read_now(staff.member_of, "harif", account.id) if account else None


def test_adding_somebody_prints_a_link_that_lasts_a_week(wasl: Wasl) -> None:
    said = wasl("staff", "add", "harif", LOGIN, "--name", "نورة", "--role", "committee", "--role", "auditor", "--woman")
    assert said.code == 0 and len(said.out.strip().splitlines()) == 1
    invitation = found(wasl, said.out)
    assert invitation is not None
    assert (invitation.login, invitation.name, invitation.woman) == (LOGIN, "نورة", True)
    assert invitation.roles == {"committee", "auditor"} and invitation.until - invitation.at == 7 * DAY
    assert f"harif {LOGIN} (invited): auditor committee" in wasl("staff", "list").out


def test_the_link_has_the_address_of_the_house(wasl: Wasl) -> None:
    wasl.set(WASL_PUBLIC_URL="https://wasl.example.sa")
    said = wasl("staff", "add", "harif", LOGIN, "--role", "all")
    assert said.out.startswith("https://wasl.example.sa/desk/invitation/")


def test_a_password_may_be_piped_in_and_is_not_printed(wasl: Wasl) -> None:
    worker(wasl)
    with wasl.line() as line:
        account = line.database.read_now(staff.by_login, line.vault, LOGIN)
        assert account is not None and passwords._fits(account.password, SECRET)
    said = wasl("staff", "list", "harif")
    assert f"harif {LOGIN} (نورة): committee" in said.out and SECRET not in said.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("harif", LOGIN), "--role: missing"),
        (("harif", LOGIN, "--role", "emperor"), "no such role — one of relations_officer"),
        (("harif", "", "--role", "all"), "is no login"),
        (("harif", "نورة من حارف", "--role", "all"), "is no login"),
        (("hareef", LOGIN, "--role", "all"), "no such association"),
        (("harif", LOGIN, "--role", "all", "--password-stdin"), "--name: missing"),
        (("harif", LOGIN, "--role", "all", "--name", "ن", "--password-stdin"), "ten characters at least"),
    ],
)
def test_what_is_missing_is_said_and_nobody_is_added(wasl: Wasl, words: tuple[str, ...], said: str) -> None:
    answer = wasl("staff", "add", *words, stdin="short\n")
    assert answer.code == 1 and said in answer.err
    assert wasl.rows("staff") == [] and wasl.rows("invitations") == []


def test_somebody_who_has_an_account_keeps_their_password(wasl: Wasl) -> None:
    worker(wasl)
    again = wasl(
        "staff", "add", "harif", LOGIN, "--role", "all", "--name", "ن", "--password-stdin", stdin=f"{SECRET}\n"
    )
    assert again.code == 1 and "has an account" in again.err


def test_roles_are_given_and_the_last_administrator_stays(wasl: Wasl) -> None:
    worker(wasl, LOGIN, "administrator")
    said = wasl("staff", "roles", "harif", LOGIN, "--role", "committee")
    assert said.code == 1 and "last administrator" in said.err
    assert wasl("staff", "end", "harif", LOGIN).code == 1
    worker(wasl, "second@harif.example", "administrator")
    assert wasl("staff", "roles", "harif", LOGIN.upper(), "--role", "committee").code == 0
    now = member(wasl)
    assert now is not None and now.roles == {"committee"}


def test_access_is_ended(wasl: Wasl) -> None:
    worker(wasl)
    assert wasl("staff", "end", "harif", LOGIN).code == 0
    assert member(wasl) is None
    again = wasl("staff", "end", "harif", LOGIN)
    assert again.code == 1 and "nobody of this name" in again.err
    acts = [(row.who, row.act) for row in wasl.rows("audit") if row.association == "harif"]
    assert acts == [("operator", "people.invite"), ("operator", "people.end")]


def test_who_was_invited_by_mistake_is_not_any_more(wasl: Wasl) -> None:
    invited = wasl("staff", "add", "harif", LOGIN, "--role", "all").out
    assert found(wasl, invited) is not None
    assert wasl("staff", "end", "harif", LOGIN.upper()).code == 0
    assert found(wasl, invited) is None and "invited" not in wasl("staff", "list", "harif").out
    assert [row.act for row in wasl.rows("audit") if row.association == "harif"] == ["people.invite", "people.withdraw"]
    assert wasl("staff", "end", "harif", LOGIN).code == 1


def test_a_new_password_by_link_lasts_a_day(wasl: Wasl) -> None:
    worker(wasl)
    for words, purpose in ((("reset", LOGIN), "reset"), (("reset", LOGIN, "--totp"), "reset_all")):
        invitation = found(wasl, wasl("staff", *words).out)
        assert invitation is not None
        assert (invitation.purpose, invitation.until - invitation.at) == (purpose, DAY)
    assert wasl("staff", "reset", "nobody@harif.example").code == 1


def test_a_house_without_anybody_prints_one_link_at_its_start_and_then_no_more(wasl: Wasl) -> None:
    with serving(wasl, WASL_ONLY="harif,ruhama") as (url, served):
        assert served.stdout is not None
        said = "".join(iter(served.stdout.readline, "")) if served.poll() is not None else ""
        while "ready in" not in said:
            said += served.stdout.readline()
        link = LINK.search(said)
        assert link and f"{url.replace('127.0.0.1', 'localhost')}/desk\n" in said
        page = f"{url}/desk/invitation/{link[1]}"
        assert get(page) == 200
        form = b"key=&login=first@example.sa&name=first&password=tea+with+mint&again=tea+with+mint"
        request = urllib.request.Request(page, data=form, headers={"Origin": url})
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 200
        assert get(page) == 404
    with wasl.line() as line:
        account = line.database.read_now(staff.by_login, line.vault, "first@example.sa")
        assert account is not None
        members = line.database.read_now(staff.memberships, account.id)
    assert {one.association: one.roles for one in members} == dict.fromkeys(
        ("harif", "ruhama"), frozenset(WORKER_ROLES)
    )
    with serving(wasl) as (_, served):
        assert served.stdout is not None
        said = ""
        while "ready in" not in said:
            said += served.stdout.readline()
        assert "/desk\n" in said and not LINK.search(said)
