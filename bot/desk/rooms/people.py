"""Who works here: inviting, roles, ending access, new passwords, sign-ins."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection
from starlette.responses import Response

from bot import leaving
from bot.desk.at import At, NotFound, Refused, Replayed
from bot.desk.room import Room
from conversations.association.profile import Profile
from conversations.rights import WORKER_ROLES
from conversations.routing import PRESENT
from storage import invitations, sign_ins, staff
from storage.invitations import JOIN, RESET, RESET_ALL, Invitation
from storage.staff import Colleague, Member
from storage.times import moment, ms

room = Room("people", nav="/people", right="people")
LOGIN, NAME, BRANCH = 200, 100, 40
"""Characters."""
MOST_HELD = 99


class Given(NamedTuple):
    """What a form says somebody may do here."""

    roles: frozenset[str]
    categories: frozenset[str]
    branch: str
    woman: bool
    capacity: int


@room.get("/people")
async def people(at: At, error: str = "", status: int = 200) -> Response:
    def read(connection: Connection) -> tuple[list[Colleague], list[Invitation]]:
        vault = at.desk.vault
        return (
            staff.colleagues(connection, vault, at.slug, ended=True),
            [one for one in invitations.waiting(connection, vault, at.slug, ms(at.now)) if one.purpose == JOIN],
        )

    everybody, invited = await at.read(read)
    return at.page(
        "people/people.html",
        error=error,
        status=status,
        workers=[one for one in everybody if one.member.ended_at is None],
        gone=[one for one in everybody if one.member.ended_at is not None],
        invited=invited,
        presence=presence,
        roles_of=in_order,
    )


def in_order(roles: frozenset[str]) -> list[str]:
    """As pages show them."""
    return [one for one in WORKER_ROLES if one in roles]


def presence(member: Member, now: datetime) -> str:
    """here, gone (not looked at the desk lately) or away (by their own word)."""
    if member.presence == "away":
        return "away"
    return "here" if member.seen_at and now - moment(member.seen_at) < PRESENT else "gone"


# --- inviting --------------------------------------------------------------------------------------------------------


@room.get("/people/invite")
async def invite_page(at: At, error: str = "", status: int = 200, given: Given | None = None) -> Response:
    return at.page(
        "people/invite.html",
        error=error,
        status=status,
        given=given or Given(frozenset(), frozenset(), "", False, 10),
        categories=categories_of(at.association.profile, at.language),
        all_roles=WORKER_ROLES,
        login=at.form.get("login"),
        name=at.form.get("name"),
    )


@room.post("/people/invite")
async def invite(at: At) -> Response:
    """A link to hand over: shown once, works once, for a week."""
    given = _given(at)
    login, name = at.form.get("login").strip(), " ".join(at.form.get("name").split())
    wrong = ""
    if not login or len(login) > LOGIN or any(letter.isspace() for letter in login):
        wrong = "people.login_wrong"
    elif len(name) > NAME:
        wrong = "people.name_long"
    elif not given.roles:
        wrong = "people.no_role"
    elif await at.read(_works_here, at, login):
        wrong = "people.works_here"
    if wrong:
        return await invite_page(at, at.words(wrong), 422, given)
    invitation = Invitation(
        association=at.slug,
        login=login,
        name=name,
        roles=given.roles,
        categories=given.categories,
        branch=given.branch,
        woman=given.woman,
        by=at.worker.id,
    )
    vault, roles = at.desk.vault, " ".join(sorted(given.roles))
    token = await at.write("people.invite", "", invitations.make, vault, invitation, ms(at.now), detail=roles)
    return _link(at, token, JOIN, name or login)


def _works_here(connection: Connection, at: At, login: str) -> bool:
    account = staff.by_login(connection, at.desk.vault, login)
    return account is not None and staff.member_of(connection, at.slug, account.id) is not None


def _link(at: At, token: str, purpose: str, who: str) -> Response:
    link = f"{at.desk.address(at.request)}/desk/invitation/{token}"
    until = ms(at.now) + invitations.LASTS[purpose]
    return at.page("people/link.html", link=link, purpose=purpose, who=who, until=until)


@room.post("/people/invitations/{invitation}/withdraw")
async def withdraw(at: At) -> Response:
    which = at.number("invitation")

    def end(connection: Connection) -> None:
        if not invitations.withdraw(connection, at.slug, which, ms(at.now)):
            raise NotFound

    await at.write("people.withdraw", f"invitation:{which}", end)
    return at.back("/people", said="people_withdrawn")


# --- one of them -----------------------------------------------------------------------------------------------------


@room.get("/people/{staff}")
async def person(at: At, error: str = "", status: int = 200, given: Given | None = None) -> Response:
    from bot.desk.desk import IDLE_MS

    def read(connection: Connection) -> tuple[staff.Account, Member, list[sign_ins.SignIn], bool]:
        account, member = _one(connection, at)
        return (
            account,
            member,
            sign_ins.of(connection, account.id, ms(at.now), IDLE_MS),
            _may_reset(connection, at, account.id),
        )

    account, member, held, may_reset = await at.read(read)
    await at.saw(f"staff:{account.id}")
    return at.page(
        "people/person.html",
        error=error,
        status=status,
        account=account,
        member=member,
        given=given or Given(member.roles, member.categories, member.branch, member.woman, member.capacity),
        categories=categories_of(at.association.profile, at.language),
        all_roles=WORKER_ROLES,
        sign_ins=held,
        may_reset=may_reset,
        presence=presence(member, at.now),
        is_me=account.id == at.worker.id,
    )


def _one(connection: Connection, at: At) -> tuple[staff.Account, Member]:
    """A worker of this association. Raises NotFound for everybody else."""
    member = staff.member_of(connection, at.slug, at.number("staff"))
    account = None if member is None else staff.by_id(connection, at.desk.vault, member.staff)
    if member is None or account is None:
        raise NotFound
    return account, member


@room.post("/people/{staff}")
async def change(at: At) -> Response:
    """What they may do here from now on."""
    _, member = await at.read(_one, at)
    given = _given(at)
    if not given.roles:
        return await person(at, at.words("people.no_role"), 422, given)
    changed = member._replace(**given._asdict())

    def keep(connection: Connection) -> None:
        _one(connection, at)
        leaving.change(connection, changed, ms(at.now))

    roles = " ".join(sorted(given.roles))
    try:
        await at.write("people.change", f"staff:{member.staff}", keep, detail=roles)
    except leaving.LastAdministrator:
        return await person(at, at.words("people.last_administrator"), 409, given)
    return at.back("/" if member.staff == at.worker.id else f"/people/{member.staff}", said="people_changed")


@room.post("/people/{staff}/end")
async def end(at: At) -> Response:
    """Their access to this association ends; what they had in hand goes back."""
    if await at.read(at.came_before):
        raise Replayed
    _, member = await at.read(_one, at)
    try:
        # Before anything is passed on.
        await at.read(leaving.keep_one, at.slug, member.staff)
        await leaving.leave(at.desk.intake, at.slug, member.staff, lambda: _end(at, member.staff))
    except leaving.LastAdministrator:
        return await person(at, at.words("people.last_administrator"), 409)
    except leaving.StillHolds:
        return await person(at, at.words("people.still_holds"), 409)
    return at.back("/people", said="people_ended")


async def _end(at: At, worker: int) -> None:
    await at.write("people.end", f"staff:{worker}", leaving.ended, at.slug, worker, ms(at.now))


@room.post("/people/{staff}/reset")
async def reset(at: At) -> Response:
    """A link to a new password, and on wish a new authenticator."""
    account, _ = await at.read(_one, at)
    purpose = RESET_ALL if at.form.get("totp") else RESET

    def make(connection: Connection) -> str:
        _one(connection, at)
        if not _may_reset(connection, at, account.id):
            raise Refused("people.reset_elsewhere")
        given = Invitation(association=at.slug, purpose=purpose, staff=account.id, by=at.worker.id)
        return invitations.make(connection, at.desk.vault, given, ms(at.now))

    token = await at.write("people.reset", f"staff:{account.id}", make, detail=purpose)
    return _link(at, token, purpose, account.name)


def _may_reset(connection: Connection, at: At, worker: int) -> bool:
    """Whoever works for another association too gets a new password only from somebody who has the right in each:
    a link would open the other one as well."""
    from conversations.rights import rights_of

    theirs = {one.association for one in staff.memberships(connection, worker)}
    mine = {one.association for one in staff.memberships(connection, at.worker.id) if "people" in rights_of(one.roles)}
    return theirs <= mine


@room.post("/people/{staff}/sign-ins/end")
async def end_all(at: At) -> Response:
    account, _ = await at.read(_one, at)
    but = at.worker.sign_in if account.id == at.worker.id else None

    def end_them(connection: Connection) -> None:
        sign_ins.end(connection, account.id, ms(at.now), but=but)

    await at.write("sign_in.end", f"staff:{account.id}", end_them)
    return at.back(f"/people/{account.id}", said="sign_ins_ended")


@room.post("/people/{staff}/sign-ins/{sign_in}/end")
async def end_one(at: At) -> Response:
    account, _ = await at.read(_one, at)
    which = at.number("sign_in")

    def end_it(connection: Connection) -> None:
        if not sign_ins.end(connection, account.id, ms(at.now), only=which):
            raise NotFound

    await at.write("sign_in.end", f"staff:{account.id}", end_it)
    return at.back(f"/people/{account.id}", said="sign_ins_ended")


# --- forms -----------------------------------------------------------------------------------------------------------


def _given(at: At) -> Given:
    """What was ticked, of what there is to tick."""
    known = {value for value, _ in categories_of(at.association.profile, at.language)}
    held = at.form.get("capacity")
    return Given(
        frozenset(at.form.all("role")) & frozenset(WORKER_ROLES),
        frozenset(at.form.all("category")) & known,
        " ".join(at.form.get("branch").split())[:BRANCH],
        bool(at.form.get("woman")),
        min(max(int(held), 1), MOST_HELD) if held.isascii() and held.isdigit() and len(held) < 4 else 10,
    )


def categories_of(profile: Profile, language: str) -> Sequence[tuple[str, str]]:
    """What a contact officer may be responsible for: the rows of the profile's table (Harif خ-1), or the categories of
    its services where it has none."""
    rows = [(one, one.title.to(language)) for one in profile.contact_officers if one.category or one.field]
    if rows:
        return [("/".join(part for part in (one.category, one.field) if part), title) for one, title in rows]
    titles: dict[str, Any] = {}
    for service in profile.services:
        if service.category:
            titles.setdefault(service.category, []).append(service.title.to(language))
    return [(category, " · ".join(named)) for category, named in titles.items()]
