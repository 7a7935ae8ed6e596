"""Every role on every route: what a page asks for is what it gets, whoever asks, however they ask.

The pages are read from the rooms' own tables, so a room that is added is held to this without a line here. Where a path
names a row, it is given one that exists: `{case}` is a row of `cases`, `{id}` is of whatever stands before it.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Table, select
from sqlalchemy.sql import Select

from bot.desk.desk import COOKIE
from bot.desk.room import Page
from conversations.association.association import Association
from conversations.rights import RIGHTS, WORKER_ROLES, rights_of
from storage import sign_ins
from storage.columns import Sealed, metadata
from storage.schema import seen
from storage.seen import digest_key
from storage.times import DAY, ms
from storage.vault import context
from tests.desk.house import Browser, House
from tests.desk.pictures import fill

PARAMETER = re.compile(r"\{(\w+)\}")


@pytest.fixture(scope="module")
def full(associations: dict[str, Association], tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """People, cases and conversations at harif; one house for all of this, for filling it takes its time."""
    made = House(associations, tmp_path_factory.mktemp("rights"))
    fill(made)
    for _ in range(3):
        made.worker("committee")
    yield made
    made.close()


def pages(house: House, method: str = "") -> Iterator[Page]:
    found = [page for room in house.desk.rooms for page in room.pages if method in ("", page.method)]
    assert len(found) > 20
    yield from found


def row_of(house: House, table: str, but: int = 0) -> int:
    """Some row of harif's; 1, which is none, where there is no such table or row. `but`: nobody of this id."""
    known = metadata.tables.get(table)
    if known is None or ("id" not in known.c and table != "members"):
        return 1
    column = known.c.staff if table == "members" else known.c.id
    query: Select[Any] = select(column).where(known.c.association == "harif", column != but).order_by(column)
    if table == "members":
        query = query.where(known.c.ended_at.is_(None))
    return house.ask(lambda c: c.scalar(query.limit(1))) or 1


def path_of(house: House, page: Page, but: int = 0) -> str:
    """The page's path with rows that exist."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name == "id":
            name = page.path[: match.start()].rstrip("/").rpartition("/")[2].removesuffix("s")
        table = {"staff": "members"}.get(name, f"{name}s")
        return str(row_of(house, table, but))

    return PARAMETER.sub(value, page.path)


def ask(worker: Browser, house: House, page: Page, association: str = "", **fields: Any) -> Any:
    path = f"/desk/{association or worker.association}{path_of(house, page, worker.id)}"
    if page.method == "GET":
        return worker.get(path, follow=False)
    return worker.post(path, follow=False, **fields)


def rows(house: House, association: str, without: tuple[str, ...] = ()) -> dict[str, list[Any]]:
    """Everything that is kept of an association, opened, but for who looked at what."""

    def read(connection: Any) -> dict[str, list[Any]]:
        return {
            table.name: sorted(
                [
                    _opened(house, table, row)
                    for row in connection.execute(table.select().where(table.c.association == association)).mappings()
                ],
                key=repr,
            )
            for table in metadata.sorted_tables
            if "association" in table.c and table.name not in ("audit", "audit_links", "seen", "looking", *without)
        }

    found: dict[str, list[Any]] = house.ask(read)
    return found


def _opened(house: House, table: Table, row: Any) -> list[Any]:
    """Sealed anew is not changed."""
    id = next((row[name] for name in ("id", "case_id", "conversation", "response") if name in row), 0)
    return [
        house.vault.open(value, context(f"{table.name}.{name}", row["association"], id))
        if isinstance(table.c[name].type, Sealed) and value is not None
        else value
        for name, value in row.items()
    ]


# --- the tables themselves -------------------------------------------------------------------------------------------


def test_every_page_asks_for_a_right_there_is_and_has_a_path_and_a_name_of_its_own(house: House) -> None:
    everything = list(pages(house))
    assert {page.right for page in everything} <= {"", *RIGHTS}
    assert {page.method for page in everything} == {"GET", "POST"}
    for own in (lambda page: (page.method, PARAMETER.sub("{}", page.path)), lambda page: (page.method, page.name)):
        named = [own(page) for page in everything]
        assert [one for one in named if named.count(one) > 1] == []


def test_only_ones_own_account_and_the_policy_are_open_before_signing(house: House) -> None:
    open_before = {page.path for page in pages(house) if page.unsigned}
    assert all(path.startswith("/account") or path == "/policy/sign" for path in open_before), open_before


def test_what_needs_no_right_is_ones_own(house: House) -> None:
    """A page without a right shows the same to every role: nothing of anybody else."""
    free = {page.path for page in pages(house) if not page.right}
    assert {path for path in free if not path.startswith(("/account", "/policy/sign"))} <= {
        "/",
        "/live",
        "/inbox/presence",
    }


# --- who asks --------------------------------------------------------------------------------------------------------


def test_every_role_on_every_page(full: House) -> None:
    wrong = []
    for role in WORKER_ROLES:
        worker, refused = full.worker(role, woman=True), list[str]()
        for page in pages(full):
            may = not page.right or page.right in rights_of([role])
            status = ask(worker, full, page).status_code
            refused += [] if may else [page.name]
            if (status in (401, 403) if may else status != 403) or status >= 500:
                wrong.append((role, page.method, page.path, status, may))
        written = Counter(name for who, act, _, name in full.acts() if (who, act) == (worker.who, "refused"))
        if written != Counter(refused):
            wrong.append((role, "audit", str(written - Counter(refused)), 0, False))
    assert wrong == []


def test_a_worker_of_another_association_finds_nothing_at_all(full: House) -> None:
    worker = full.worker(*WORKER_ROLES, association="ruhama", woman=True)
    before = rows(full, "harif")
    wrong = []
    for page in pages(full):
        answer = ask(worker, full, page, "harif")
        if answer.status_code != 404:
            wrong.append((page.method, page.path, answer.status_code))
    assert wrong == []
    assert rows(full, "harif") == before
    assert {act for who, act, _, detail in full.acts() if who == worker.who and detail == "not_a_member"} == {"refused"}


def test_rows_of_another_association_are_not_found_at_ones_own(full: House) -> None:
    """With every role, at their own desk, by guessing ids: the answer is that for an id nobody has."""
    worker = full.worker(*WORKER_ROLES, association="ruhama", woman=True)
    before = rows(full, "harif")
    guessed = [page for page in pages(full) if PARAMETER.search(page.path)]
    assert len(guessed) > 10
    wrong = []
    for page in guessed:
        status = ask(worker, full, page).status_code
        nobodys = PARAMETER.sub("1", page.path)
        same = worker.get(nobodys) if page.method == "GET" else worker.post(nobodys)
        if status != same.status_code or status not in ((404,) if page.method == "GET" else (404, 409, 422)):
            wrong.append((page.method, page.path, status, same.status_code))
    assert wrong == []
    assert rows(full, "harif") == before


def test_nobody_signed_in_is_shown_the_door_everywhere(full: House) -> None:
    stranger = full.worker(*WORKER_ROLES)
    stranger.client.cookies.delete(COOKIE)
    before = rows(full, "harif")
    for page in pages(full):
        answer = ask(stranger, full, page)
        if page.method == "GET":
            assert answer.status_code == 303, page.path
            assert answer.headers["location"].startswith("/desk/sign-in?next=/desk/harif"), page.path
        else:
            assert answer.status_code == 401, page.path
    assert rows(full, "harif") == before


def test_before_the_policy_is_signed_every_page_leads_to_it(full: House) -> None:
    newcomer = full.worker(*WORKER_ROLES, signed=False)
    before = rows(full, "harif", ("members",))
    for page in pages(full):
        if not page.unsigned:
            answer = ask(newcomer, full, page)
            assert (answer.status_code, answer.headers.get("location")) == (303, "/desk/harif/policy/sign"), page.path
    assert rows(full, "harif", ("members",)) == before


# --- how they ask ----------------------------------------------------------------------------------------------------


def test_looking_changes_nothing(full: House) -> None:
    worker = full.worker(*WORKER_ROLES, woman=True)
    before = rows(full, "harif", ("members",))
    for page in pages(full, "GET"):
        ask(worker, full, page)
    assert rows(full, "harif", ("members",)) == before


@pytest.mark.parametrize("fields", [{"key": ""}, {"key": "made up"}])
def test_a_form_without_the_sign_ins_key_is_refused_and_on_record(full: House, fields: dict[str, str]) -> None:
    worker = full.worker(*WORKER_ROLES, woman=True)
    before = rows(full, "harif", ("members",))
    for page in pages(full, "POST"):
        known = len(full.acts())
        assert ask(worker, full, page, **fields).status_code == 403, page.path
        assert (worker.who, "form.forged", "", page.name) in full.acts()[known:], page.path
    assert rows(full, "harif", ("members",)) == before


def test_a_form_of_another_sign_in_is_refused(full: House) -> None:
    """Of the same worker, in another browser: a key belongs to one sign-in."""
    from bot.desk.desk import key_of

    one = full.worker(*WORKER_ROLES)
    other = full.worker(*WORKER_ROLES, id=one.id)
    for page in pages(full, "POST"):
        assert ask(one, full, page, key=key_of(other.token)).status_code == 403, page.path


def test_a_form_that_was_taken_is_not_taken_again(full: House) -> None:
    """The second time is refused, on record, and changes nothing."""
    worker = full.worker(*WORKER_ROLES, woman=True)
    taken = []
    for page in pages(full, "POST"):
        path, fields = path_of(full, page, worker.id), {**ENOUGH.get(page.name, {}), "once": page.name}
        worker.post(path, follow=False, **fields)
        if not was_taken(full, worker, page.name):
            continue
        taken.append(page.name)
        before, known = rows(full, "harif", ("members",)), len(full.acts())
        status = worker.post(path, follow=False, **fields).status_code
        assert rows(full, "harif", ("members",)) == before, page.path
        if page.name not in FINDS_ITS_OWN:
            assert status == 409, page.path
            assert (worker.who, "form.replayed", "", page.name) in full.acts()[known:], page.path
    assert set(ENOUGH) <= set(taken), set(ENOUGH) - set(taken)


FINDS_ITS_OWN = ("inbox.take_next",)
"""What looks for something to do, and says that there is nothing, before it comes to the form's number."""
ENOUGH: dict[str, dict[str, str]] = {
    "account.change": {"name": "نورة", "language": "ar"},
    "account.presence": {"presence": "auto"},
    "account.end_others": {},
    "people.invite": {"login": "new@harif.example", "role": "committee"},
    "people.change": {"role": "committee"},
    "people.reset": {},
    "people.end_all": {},
}
"""Forms that are taken; what is not here is sent empty."""


def was_taken(house: House, worker: Browser, once: str) -> bool:
    """Whether a form used up its number: one that was not right may come again."""
    sign_in = house.ask(sign_ins.of, worker.id, ms(house.now), DAY)[0].id
    key = digest_key("desk", f"{sign_in}:{once}")
    return house.ask(lambda c: c.execute(select(seen.c.key).where(seen.c.key == key)).first()) is not None
