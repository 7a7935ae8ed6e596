"""Workers on both databases: tries, invitations, steps of codes, and that the last one of a role stays."""

from storage import codes, invitations, sign_ins, staff, tries
from storage.database import Database
from storage.invitations import Invitation
from storage.staff import Member
from storage.times import DAY, HOUR, MINUTE, SECOND
from storage.vault import Vault

NOW = 1_790_000_000_000


def test_a_try_is_counted_before_it_is_looked_at_and_forgotten_after_an_hour(database: Database, vault: Vault) -> None:
    key = [tries.key(vault, "login", "saad"), tries.key(vault, "address", "203.0.113.7")]

    def try_at(now: int) -> int:
        return database.write_now(tries.begin, key, now)

    assert [try_at(NOW) for _ in range(5)] == [0, 0, 0, 0, 2 * SECOND]
    assert try_at(NOW + SECOND) == SECOND, "a try that waits is not counted"
    assert try_at(NOW + 2 * SECOND) == 0
    assert try_at(NOW + 3 * SECOND) == 3 * SECOND
    assert [try_at(NOW + 2 * HOUR) for _ in range(4)] == [0, 0, 0, 0]
    database.write_now(tries.right, key)
    assert [try_at(NOW + 2 * HOUR) for _ in range(4)] == [0, 0, 0, 0]


def test_a_right_one_gives_an_address_back_one_and_no_more(database: Database, vault: Vault) -> None:
    address = [tries.key(vault, "address", "203.0.113.7")]
    for _ in range(20):
        database.write_now(tries.begin, address, NOW)
    database.write_now(tries.right, address)
    assert [database.write_now(tries.begin, address, NOW) for _ in range(3)] == [0, 0, 2 * SECOND]


def test_the_longest_wait_is_a_lock(database: Database, vault: Vault) -> None:
    key, now = [tries.key(vault, "login", "saad")], NOW
    for n in range(1, 13):
        assert not database.read_now(tries.is_locked, key, now)
        assert database.write_now(tries.begin, key, now) == 0
        now += tries.wait_after("login", n)
    assert database.write_now(tries.begin, key, now) == 0
    assert database.read_now(tries.is_locked, key, now)
    assert database.write_now(tries.begin, key, now + 15 * MINUTE - 1) == 1
    assert database.write_now(tries.begin, key, now + 15 * MINUTE) == 0


def test_a_step_is_taken_once_and_never_an_older_one(database: Database, vault: Vault) -> None:
    id = database.write_now(staff.add, vault, "saad", "سعد", NOW)
    taken = [database.write_now(staff.take_step, id, step) for step in (7, 7, 6, 8)]
    assert taken == [True, False, False, True]


def test_codes_on_paper_are_used_once_and_replaced_together(database: Database, vault: Vault) -> None:
    id = database.write_now(staff.add, vault, "saad", "سعد", NOW)
    database.write_now(codes.keep, id, "recovery", ["a-a", "b-b"], NOW + DAY)
    database.write_now(codes.make, id, "telegram", NOW)
    assert database.write_now(codes.use, "a-a", "recovery", NOW) == id
    assert database.write_now(codes.use, "a-a", "recovery", NOW) is None
    assert database.write_now(codes.use, "b-b", "telegram", NOW) is None
    assert database.read_now(codes.left, id, "recovery", NOW) == 1
    database.write_now(codes.keep, id, "recovery", ["c-c"], NOW + DAY)
    assert database.write_now(codes.use, "b-b", "recovery", NOW) is None
    assert database.read_now(codes.left, id, "recovery", NOW) == 1
    assert database.read_now(codes.left, id, "telegram", NOW) == 1


def test_an_invitation_is_used_once_and_only_where_it_is_asked_for(database: Database, vault: Vault) -> None:
    given = Invitation(association="harif", login="saad", roles=frozenset({"committee", "auditor"}), woman=True)
    token = database.write_now(invitations.make, vault, given, NOW)
    assert database.read_now(invitations.find, vault, ["ruhama"], token, NOW) is None
    found = database.read_now(invitations.find, vault, ["harif", "ruhama"], token, NOW)
    assert found is not None and (found.login, found.roles, found.woman) == ("saad", given.roles, True)
    assert database.read_now(invitations.find, vault, ["harif"], token, NOW + 7 * DAY) is None
    assert not database.write_now(invitations.withdraw, "ruhama", found.id, NOW)
    assert database.write_now(invitations.withdraw, "harif", found.id, NOW)
    assert not database.write_now(invitations.withdraw, "harif", found.id, NOW)
    assert database.read_now(invitations.find, vault, ["harif"], token, NOW) is None


def test_who_holds_a_role_is_counted_without_those_who_left(database: Database, vault: Vault) -> None:
    ids = [database.write_now(staff.add, vault, f"worker{n}", "اسم", NOW) for n in range(3)]
    for id in ids:
        database.write_now(staff.join, Member("harif", id, frozenset({"administrator"})), NOW)
    database.write_now(staff.join, Member("ruhama", ids[0], frozenset({"administrator"})), NOW)
    database.write_now(lambda c: staff.change(c, ids[1], disabled_at=NOW))
    database.write_now(staff.leave, "harif", ids[2], NOW)
    assert database.write_now(staff.holding, "harif", "administrator") == {ids[0]}
    assert database.write_now(staff.holding, "harif", "admin") == set()


def test_sign_ins_end_one_by_one_and_by_themselves(database: Database, vault: Vault) -> None:
    id = database.write_now(staff.add, vault, "saad", "سعد", NOW)
    kept = [
        database.write_now(sign_ins.keep, id, bytes([n]) * 32, "password", "Chrome", NOW + n, NOW + DAY)
        for n in range(4)
    ]

    def held(now: int = NOW + 5) -> list[int]:
        return [one.id for one in database.read_now(sign_ins.of, id, now, HOUR)]

    assert held() == kept[::-1]
    database.write_now(sign_ins.touch, kept[0], NOW + 4)
    assert held()[0] == kept[0], "used last first"
    database.write_now(lambda c: sign_ins.end(c, id, NOW, only=kept[1]))
    database.write_now(sign_ins.end_token, bytes([2]) * 32, NOW)
    assert held() == [kept[0], kept[3]]
    database.write_now(lambda c: sign_ins.end(c, id, NOW, but=kept[3]))
    assert held() == [kept[3]]
    assert held(NOW + 2 * HOUR) == [] and held(NOW + 2 * DAY) == []
