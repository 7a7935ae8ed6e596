"""Workers' accounts from the command line: the first administrator, and whoever stands before a locked door."""

import asyncio
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer
from typer import echo

from bot.commands.here import Slug, fail, line_here

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.frontline import FrontLine
    from storage.staff import Account, Member

T = TypeVar("T")
staff_app = typer.Typer(no_args_is_help=True, help="Who works at the desk.")
Login = Annotated[str, typer.Argument(help="An e-mail address or a sign-in name", show_default=False)]
Roles = Annotated[list[str] | None, typer.Option("--role", help="May be given several times; `all` is every one")]
OPERATOR = "operator"
"""Who, in the audit."""


@staff_app.command("add")
def add(
    association: Slug,
    login: Login,
    role: Roles = None,
    name: Annotated[str, typer.Option(help="As colleagues see it; may be left to whoever opens the link")] = "",
    woman: Annotated[bool, typer.Option("--woman", help="Is given the conversations of who asks for a woman")] = False,
    category: Annotated[list[str] | None, typer.Option(help="Of a contact officer: category or category/field")] = None,
    branch: Annotated[str, typer.Option(help="Of a branch delegate")] = "",
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="No link: the password is read here")
    ] = False,
) -> None:
    """Invite somebody by a link that works once, for a week. They choose a password and sign the policy."""
    from storage import invitations, staff
    from storage.invitations import Invitation

    if not login or any(letter.isspace() for letter in login):
        fail(f'"{login}" is no login: an e-mail address or a name without blanks')
    roles = _roles(role)
    given = frozenset(category or [])
    with line_here(association) as line:
        if password_stdin:
            hashed = _password(line, login, name)

            def make(connection: "Connection") -> None:
                id = staff.add(connection, line.vault, login, name, _now())
                staff.change(connection, id, password=hashed)
                member = staff.Member(association, id, roles, given, branch, woman)
                act = (association, "people.invite", id, " ".join(sorted(roles)))
                _write(connection, *act, staff.join, member, _now())

            line.database.write_now(make)
            echo(f"{login} may sign in at {address(line)}/desk, and reads and signs the policy first")
            return
        invitation = Invitation(
            association=association, login=login, name=name, roles=roles, categories=given, branch=branch, woman=woman
        )
        token = line.database.write_now(
            _write,
            association,
            "people.invite",
            0,
            " ".join(sorted(roles)),
            invitations.make,
            line.vault,
            invitation,
            _now(),
        )
        echo(f"{address(line)}/desk/invitation/{token}")


@staff_app.command("list")
def list_(
    association: Annotated[str, typer.Argument(metavar="[ASSOCIATION]", help="Its slug; none for all")] = "",
) -> None:
    """Who works where, with their roles; and invitations that wait."""
    from storage import invitations, staff

    with line_here(association) as line:
        for slug in [association] if association else sorted(line.associations):
            for member, called in line.database.read_now(staff.colleagues, line.vault, slug):
                account = line.database.read_now(staff.by_id, line.vault, member.staff)
                login = account.login if account else ""
                echo(f"{slug} {login} ({called}): {' '.join(sorted(member.roles))}")
            for one in line.database.read_now(invitations.waiting, line.vault, slug, _now()):
                if one.purpose == invitations.JOIN:
                    echo(f"{slug} {one.login} (invited): {' '.join(sorted(one.roles))}")


@staff_app.command("roles")
def roles(association: Slug, login: Login, role: Roles = None) -> None:
    """Give other roles, in place of those they have."""
    from bot import leaving

    given = _roles(role)
    with line_here(association) as line:
        account, member = _member(line, association, login)
        changed = member._replace(roles=given)
        try:
            line.database.write_now(
                _write,
                association,
                "people.change",
                account.id,
                " ".join(sorted(given)),
                leaving.change,
                changed,
                _now(),
            )
        except leaving.LastAdministrator:
            _last(association)
    echo(f"{login}: {' '.join(sorted(given))}")


@staff_app.command("end")
def end(association: Slug, login: Login) -> None:
    """End somebody's access; their conversations go back to the queue. An invitation that waits works no more."""
    from bot import leaving

    with line_here(association) as line:
        withdrawn = _withdraw(line, association, login)
        if withdrawn and not _works_here(line, association, login):
            echo(f"{login} is invited to {association} no more")
            return
        account, _ = _member(line, association, login)

        async def ended() -> None:
            await line.database.write(
                _write, association, "people.end", account.id, "", leaving.ended, association, account.id, _now()
            )

        try:
            line.database.read_now(leaving.keep_one, association, account.id)
            asyncio.run(leaving.leave(line.intake, association, account.id, ended))
        except leaving.LastAdministrator:
            _last(association)
        except leaving.StillHolds:
            fail(f"{login} took another conversation meanwhile: run it again")
    echo(f"{login} works at {association} no more")


@staff_app.command("reset")
def reset(
    login: Login,
    totp: Annotated[bool, typer.Option("--totp", help="And a new authenticator: the phone is lost")] = False,
) -> None:
    """A link to a new password, that works once, for a day."""
    from storage import invitations, staff
    from storage.invitations import RESET, RESET_ALL, Invitation
    from storage.schema_desk import HOUSE

    with line_here() as line:
        account = line.database.read_now(staff.by_login, line.vault, login)
        if account is None:
            _nobody(login)
        purpose = RESET_ALL if totp else RESET
        given = Invitation(association=HOUSE, purpose=purpose, staff=account.id)
        token = line.database.write_now(
            _write, HOUSE, "people.reset", account.id, purpose, invitations.make, line.vault, given, _now()
        )
        echo(f"{address(line)}/desk/invitation/{token}")


def first_link(line: "FrontLine") -> str:
    """While nobody has an account: a link to the first one, with every role in every association that is served. It
    works once, for a day, and the one made before it no more. Empty as soon as there is somebody."""
    from conversations.rights import WORKER_ROLES
    from storage import invitations, staff
    from storage.database import DatabaseAway
    from storage.invitations import FIRST, Invitation
    from storage.schema_desk import HOUSE

    try:
        if line.database.read_now(staff.any_account):
            return ""
    except DatabaseAway:
        return ""
    given = Invitation(association=HOUSE, purpose=FIRST, roles=frozenset(WORKER_ROLES))
    token = line.database.write_now(
        _write, HOUSE, "people.invite", 0, FIRST, invitations.make, line.vault, given, _now()
    )
    return f"/desk/invitation/{token}"


def address(line: "FrontLine") -> str:
    """Ours, as far as the settings know it."""
    settings = line.settings
    return settings.public_url or f"http://localhost:{settings.port}"


def _password(line: "FrontLine", login: str, name: str) -> str:
    """What is kept of the password that is read here, for an account that does not exist yet."""
    from bot.desk.door import passwords
    from storage import staff

    password = sys.stdin.readline().rstrip("\r\n")
    if line.database.read_now(staff.by_login, line.vault, login) is not None:
        fail(f"{login} has an account: leave --password-stdin out, and they accept the invitation with it")
    if not name:
        fail("--name: missing, and there is no link by which they could write it")
    if why := passwords.wrong_with(password, password, login, name):
        fail(f"the password is not taken: {_WHY[why]}")
    return passwords.hashed_now(password)


_WHY = {
    "short": "ten characters at least",
    "long": "two hundred characters at most",
    "easy": "more different characters",
    "known": "neither the name nor the login",
}


def _write(
    connection: "Connection",
    association: str,
    act: str,
    worker: int,
    detail: str,
    function: Callable[..., T],
    *args: Any,
) -> T:
    """`function(connection, *args)` with its audit row."""
    from storage import audit

    done = function(connection, *args)
    subject = f"staff:{worker}" if worker else ""
    audit.log(connection, [audit.Act(association, _now(), OPERATOR, act, subject, detail)])
    return done


def _withdraw(line: "FrontLine", association: str, login: str) -> int:
    """How many invitations of this login waited: as many as were made."""
    from storage import invitations

    waiting = line.database.read_now(invitations.waiting, line.vault, association, _now())
    theirs = [one for one in waiting if one.purpose == invitations.JOIN and one.login.casefold() == login.casefold()]
    for one in theirs:
        which = (association, "people.withdraw", 0, f"invitation:{one.id}")
        line.database.write_now(_write, *which, invitations.withdraw, association, one.id, _now())
    return len(theirs)


def _works_here(line: "FrontLine", association: str, login: str) -> bool:
    from storage import staff

    account = line.database.read_now(staff.by_login, line.vault, login)
    return account is not None and line.database.read_now(staff.member_of, association, account.id) is not None


def _member(line: "FrontLine", association: str, login: str) -> "tuple[Account, Member]":
    from storage import staff

    account = line.database.read_now(staff.by_login, line.vault, login)
    if account is None:
        _nobody(login, association)
    member = line.database.read_now(staff.member_of, association, account.id)
    if member is None:
        _nobody(login, association)
    return account, member


def _roles(given: Iterable[str] | None) -> frozenset[str]:
    from conversations.rights import WORKER_ROLES

    asked = list(given or [])
    if "all" in asked:
        return frozenset(WORKER_ROLES)
    if not asked:
        fail(f"--role: missing — one of {', '.join(WORKER_ROLES)}, or all")
    if unknown := [one for one in asked if one not in WORKER_ROLES]:
        fail(f"--role {unknown[0]}: no such role — one of {', '.join(WORKER_ROLES)}, or all")
    return frozenset(asked)


def _nobody(login: str, association: str = "") -> NoReturn:
    fail(f"{login}: nobody of this name works {'at ' + association if association else 'here'} — see wasl staff list")


def _last(association: str) -> NoReturn:
    fail(f"this is the last administrator of {association}: make somebody else one first")


def _now() -> int:
    from storage.times import ms

    return ms(datetime.now(UTC))
