"""Invitations at the front door: joining an association, a new password, setting the house up.

A link is looked at as often as one likes and used once. An account that exists joins only when its owner, signed in,
accepts; nobody else learns whether it exists.
"""

from typing import TYPE_CHECKING

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.desk.door import caution, passwords
from bot.desk.words import DeskWords
from bot.web import page as pages
from storage import codes, invitations, sign_ins, staff
from storage.database import DatabaseAway
from storage.invitations import FIRST, JOIN, RESET_ALL, Invitation
from storage.schema_desk import HOUSE
from storage.staff import Account, Member
from storage.times import ms

if TYPE_CHECKING:
    from bot.desk.door.front import Door


class Over(Exception):
    """Used, over or withdrawn meanwhile."""


class Invited:
    def __init__(self, door: "Door") -> None:
        self.door, self.desk = door, door.desk

    def routes(self) -> list[Route]:
        path = "/invitation/{token}"
        return [Route(path, self.show, methods=["GET"]), Route(path, self.accept, methods=["POST"])]

    async def show(self, request: Request) -> Response:
        return await self._page(request)

    async def _page(
        self, request: Request, *, why: str = "", status: int = 200, login: str = "", name: str = ""
    ) -> Response:
        """What is still to be asked: an account of one's own, a new password, or nothing but a yes."""
        found = await self._find(request)
        if found is None:
            return self.desk.kind(request, "invitation_over", 404)
        invitation, account, here = found
        association = self.desk.associations.get(invitation.association)
        language = here.language if here else account.language if account else pages.language_of(request)
        words = DeskWords(language, association)
        response = self.door.page(
            request,
            "door/invitation.html",
            status=status,
            language=language,
            invitation=invitation,
            way=_way(invitation, account, here),
            error=words(f"password.{why}" if why in _PASSWORD else f"invitation.{why}") if why else "",
            login=login or invitation.login or (account.login if account else ""),
            name=name or invitation.name,
            roles=[words.of(f"role.{role}", invitation.woman) for role in sorted(invitation.roles)],
            association=association.profile.short_name.to(language) if association else "",
            here=request.url.path,
            other="ar" if language == "en" else "en",
            shortest=passwords.SHORTEST,
        )
        pages.keep_language(self.desk.site, request, response)
        return response

    async def _find(self, request: Request) -> tuple[Invitation, Account | None, sign_ins.SignedIn | None] | None:
        """The invitation, the account it is for where there is one, and who is signed in here."""
        return await self.desk.database.read(self._look, request)

    def _look(
        self, connection: Connection, request: Request
    ) -> tuple[Invitation, Account | None, sign_ins.SignedIn | None] | None:
        houses = [HOUSE, *self.desk.associations]
        token, vault = request.path_params["token"], self.desk.vault
        invitation = invitations.find(connection, vault, houses, token, ms(self.door.now))
        if invitation is None or (invitation.purpose == FIRST and staff.any_account(connection)):
            return None
        if invitation.staff is not None:
            account = staff.by_id(connection, vault, invitation.staff)
        else:
            account = staff.by_login(connection, vault, invitation.login) if invitation.login else None
        if account is not None and account.disabled_at is not None:
            return None
        return invitation, account, self.door.who(connection, request)

    async def accept(self, request: Request) -> Response:
        form = await self.door.form(request)
        if isinstance(form, Response):
            return form
        try:
            found = await self._find(request)
            if found is None:
                return self.desk.kind(request, "invitation_over", 404)
            invitation, account, here = found
            way = _way(invitation, account, here)
            if way in ("sign_in", "other"):
                return await self._page(request, status=403)
            if way == "join":
                assert account is not None
                await self.desk.database.write(self._join, invitation, account.id)
                return RedirectResponse(f"/desk/{invitation.association}/", 303)
            login = form.get("login").strip()[:200] if invitation.purpose == FIRST else invitation.login
            login = account.login if account else login
            name = " ".join(form.get("name").split())[:100]
            if way == "account" and (not login or not name):
                return await self._page(request, why="missing", status=422, login=login, name=name)
            why = passwords.wrong_with(form.get("password"), form.get("again"), login, name or "")
            if why:
                return await self._page(request, why=why, status=422, login=login, name=name)
            hashed = await passwords.hashed(form.get("password"))
            if way == "password":
                assert account is not None
                return await self._renewed(request, invitation, account, hashed)
            language = pages.language_of(request)
            id = await self.desk.database.write(self._begin, invitation, login, name, hashed, language)
            next = f"/desk/{invitation.association}/" if invitation.purpose == JOIN else "/desk"
            return await self.door.complete(request, id, sign_ins.INVITATION, next, [])
        except Over:
            return self.desk.kind(request, "invitation_over", 404)
        except DatabaseAway:
            return self.desk.kind(request, "away", 503)

    async def _renewed(self, request: Request, invitation: Invitation, account: Account, hashed: str) -> Response:
        """A new password. Whoever has an authenticator signs in with it; who has none is in."""
        await self.desk.database.write(self._renew, invitation, account, hashed)
        if account.totp and invitation.purpose != RESET_ALL:
            return RedirectResponse("/desk/sign-in", 303)
        keys = caution.counted_under(self.desk.vault, request, account.login, None)
        return await self.door.complete(request, account.id, sign_ins.INVITATION, "/desk", keys)

    # --- one transaction each ----------------------------------------------------------------------------------------

    def _use(self, connection: Connection, invitation: Invitation) -> None:
        if not invitations.withdraw(connection, invitation.association, invitation.id, ms(self.door.now)):
            raise Over

    def _begin(
        self, connection: Connection, invitation: Invitation, login: str, name: str, hashed: str, language: str
    ) -> int:
        """A new account with its membership; of the first one, wherever the house serves."""
        self._use(connection, invitation)
        now, first = ms(self.door.now), invitation.purpose == FIRST
        if staff.any_account(connection) if first else staff.by_login(connection, self.desk.vault, login):
            raise Over
        id = staff.add(connection, self.desk.vault, login, name, now, language=language)
        staff.change(connection, id, password=hashed)
        for slug in self.desk.associations if first else [invitation.association]:
            staff.join(connection, _member(invitation, slug, id), now)
        self.door.note(connection, id, "invitation.accepted", invitation.purpose)
        return id

    def _join(self, connection: Connection, invitation: Invitation, id: int) -> None:
        self._use(connection, invitation)
        for one in staff.memberships(connection, id):
            # Who works for two associations gets a new password from neither alone.
            invitations.withdraw_for(connection, one.association, id, ms(self.door.now))
        staff.join(connection, _member(invitation, invitation.association, id), ms(self.door.now))
        self.door.note(connection, id, "invitation.accepted", invitation.purpose)

    def _renew(self, connection: Connection, invitation: Invitation, account: Account, hashed: str) -> None:
        self._use(connection, invitation)
        staff.change(connection, account.id, password=hashed)
        if invitation.purpose == RESET_ALL:
            staff.set_totp(connection, self.desk.vault, account.id, "")
            codes.forget(connection, account.id, "recovery")
        sign_ins.end(connection, account.id, ms(self.door.now))
        self.door.note(connection, account.id, "account.password", invitation.purpose)


_PASSWORD = ("short", "long", "easy", "known", "differs")


def _way(invitation: Invitation, account: Account | None, here: sign_ins.SignedIn | None) -> str:
    """What this page is: `account` (choose a name and a password), `password`, or, for an account that exists, `join`;
    `sign_in` first, or `other`: somebody else is signed in here."""
    if invitation.purpose in (JOIN, FIRST):
        if account is None:
            return "account"
        if here is None:
            return "sign_in"
        return "join" if here.staff == account.id else "other"
    return "password"


def _member(invitation: Invitation, association: str, staff: int) -> Member:
    return Member(association, staff, invitation.roles, invitation.categories, invitation.branch, invitation.woman)
