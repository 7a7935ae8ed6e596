"""One's own account: name, language, password, authenticator, sign-ins, presence, Telegram."""

import base64

from sqlalchemy import Connection
from starlette.responses import Response

from bot.desk.at import At, NotFound, Refused
from bot.desk.door import authenticator, passwords
from bot.desk.door.front import RECOVERY, wait_words
from bot.desk.room import Room
from bot.web import page as pages
from conversations.rights import WORKER_ROLES
from conversations.wording import LANGUAGES
from storage import codes, sign_ins, staff, tries
from storage.schema_desk import HOUSE
from storage.staff import Account
from storage.times import DAY, ms
from storage.vault import VaultError, context

room = Room("account")
PAPER_LASTS = 3650 * DAY
PRESENCES = ("auto", "away")
NAME = 100
"""Characters."""


@room.get("/account", unsigned=True)
async def account(at: At, error: str = "", status: int = 200) -> Response:
    from bot.desk.desk import IDLE_MS

    def read(connection: Connection) -> tuple[Account, staff.Member | None, list[sign_ins.SignIn], int, bool]:
        mine = _mine(connection, at)
        return (
            mine,
            staff.member_of(connection, at.slug, mine.id),
            sign_ins.of(connection, mine.id, ms(at.now), IDLE_MS),
            codes.left(connection, mine.id, RECOVERY, ms(at.now)),
            staff.has_telegram(connection, mine.id),
        )

    mine, member, held, paper, telegram = await at.read(read)
    assert member is not None, "the door lets in members alone"
    return at.page(
        "account/account.html",
        error=error,
        status=status,
        account=mine,
        member=member,
        roles=[one for one in WORKER_ROLES if one in member.roles],
        sign_ins=held,
        paper=paper,
        telegram=telegram,
        has_group=_group_of(at) is not None,
        languages=LANGUAGES,
        must_totp=at.desk.asks_totp,
        typed=at.form.get("name"),
    )


def _mine(connection: Connection, at: At) -> Account:
    found = staff.by_id(connection, at.desk.vault, at.worker.id)
    if found is None:
        raise NotFound
    return found


@room.post("/account", unsigned=True)
async def change(at: At) -> Response:
    """Name and language."""
    name, language = " ".join(at.form.get("name").split()), at.form.get("language")
    if not name or len(name) > NAME or language not in LANGUAGES:
        return await account(at, at.words("account.name_missing"), 422)

    def keep(connection: Connection) -> None:
        staff.rename(connection, at.desk.vault, at.worker.id, name)
        staff.change(connection, at.worker.id, language=language)

    await at.write("account.change", f"staff:{at.worker.id}", keep)
    response = at.back("/account", said="account_kept")
    pages.remember_language(at.desk.site, at.request, response, language)
    return response


@room.post("/account/presence", unsigned=True)
async def presence(at: At) -> Response:
    """Away: nothing new is offered to them; auto: while they look at the desk."""
    wanted = at.form.get("presence")
    if wanted not in PRESENCES:
        raise NotFound
    await at.write("account.presence", f"staff:{at.worker.id}", staff.set_presence, at.slug, at.worker.id, wanted)
    return at.back("/account", said="account_kept")


# --- password --------------------------------------------------------------------------------------------------------


@room.get("/account/password", unsigned=True)
async def password_page(at: At, error: str = "", status: int = 200) -> Response:
    mine = await at.read(_mine, at)
    return at.page(
        "account/password.html",
        error=error,
        status=status,
        has_password=bool(mine.password),
        login=mine.login,
        shortest=passwords.SHORTEST,
    )


@room.post("/account/password", unsigned=True)
async def password(at: At) -> Response:
    """A new one, once the old one is known; the other sign-ins end."""
    mine = await at.read(_mine, at)
    chosen = at.form.get("password")
    if why := passwords.wrong_with(chosen, at.form.get("again"), mine.login, mine.name):
        return await password_page(at, at.words(f"password.{why}", shortest=passwords.SHORTEST), 422)
    keys = [tries.key(at.desk.vault, "login", f"password:{mine.id}")]
    if mine.password:
        if wait := await at.desk.database.write(tries.begin, keys, ms(at.now)):
            return await password_page(at, wait_words(at.words, wait), 429)
        if not await passwords.fits(mine.password, at.form.get("current")):
            return await password_page(at, at.words("account.wrong_password"), 422)
    hashed = await passwords.hashed(chosen)

    def keep(connection: Connection) -> None:
        tries.right(connection, keys)
        staff.change(connection, mine.id, password=hashed)
        sign_ins.end(connection, mine.id, ms(at.now), but=at.worker.sign_in)

    await at.write("account.password", f"staff:{mine.id}", keep)
    return at.back("/account", said="account_password")


# --- authenticator ---------------------------------------------------------------------------------------------------


@room.get("/account/totp", unsigned=True)
async def totp_page(at: At, error: str = "", status: int = 200) -> Response:
    """The QR code of a secret that counts once its first code was typed; till then it waits, sealed, in the form."""
    mine = await at.read(_mine, at)
    secret = _pending(at) or authenticator.new_secret()
    address = authenticator.address(secret, mine.login)
    return at.page(
        "account/totp.html",
        error=error,
        status=status,
        picture=authenticator.picture(address),
        address=address,
        secret=" ".join(secret[place : place + 4] for place in range(0, len(secret), 4)),
        pending=base64.urlsafe_b64encode(at.desk.vault.seal(secret.encode(), _place(at))).decode(),
        has_totp=bool(mine.totp),
        must_totp=at.desk.asks_totp,
    )


@room.post("/account/totp", unsigned=True)
async def totp(at: At) -> Response:
    """Set up, or in place of the one before: then a code of that one is asked as well."""
    mine = await at.read(_mine, at)
    secret = _pending(at)
    if not secret:
        return await totp_page(at, at.words("account.totp_over"), 422)
    if mine.totp and (refused := await _unproven(at, mine, at.form.get("old"))):
        return await totp_page(at, *refused)
    step = authenticator.step_of(secret, at.form.get("code"), at.now.timestamp())
    if step is None:
        return await totp_page(at, at.words("account.totp_wrong"), 422)
    paper = authenticator.new_paper_codes()

    def keep(connection: Connection) -> None:
        staff.set_totp(connection, at.desk.vault, mine.id, secret, step)
        codes.keep(connection, mine.id, RECOVERY, paper, ms(at.now) + PAPER_LASTS)

    await at.write("account.totp", f"staff:{mine.id}", keep)
    return at.page("account/paper.html", paper=paper, fresh=True)


@room.post("/account/totp/off", unsigned=True)
async def totp_off(at: At) -> Response:
    if at.desk.asks_totp:
        raise Refused("account.totp_must")
    mine = await at.read(_mine, at)
    if refused := await _unproven(at, mine, at.form.get("code")):
        return await account(at, *refused)

    def end(connection: Connection) -> None:
        staff.set_totp(connection, at.desk.vault, mine.id, "")
        codes.forget(connection, mine.id, RECOVERY)

    await at.write("account.totp_off", f"staff:{mine.id}", end)
    return at.back("/account", said="account_totp_off")


@room.post("/account/codes", unsigned=True)
async def new_codes(at: At) -> Response:
    """A new sheet of paper codes; those of the old one end."""
    mine = await at.read(_mine, at)
    if refused := await _unproven(at, mine, at.form.get("code")):
        return await account(at, *refused)
    paper = authenticator.new_paper_codes()
    kept_until = ms(at.now) + PAPER_LASTS
    await at.write("account.codes", f"staff:{mine.id}", codes.keep, mine.id, RECOVERY, paper, kept_until)
    return at.page("account/paper.html", paper=paper, fresh=False)


async def _unproven(at: At, mine: Account, typed: str) -> tuple[str, int] | None:
    """What is said, and its status, where this is no code of theirs; a code that is one is used up."""
    if not mine.totp:
        raise NotFound
    keys = [tries.key(at.desk.vault, "login", f"code:{mine.id}")]
    if wait := await at.desk.database.write(tries.begin, keys, ms(at.now)):
        return wait_words(at.words, wait), 429
    step = authenticator.step_of(mine.totp, typed, at.now.timestamp(), mine.totp_step)

    def use(connection: Connection) -> bool:
        if step is not None:
            fits = staff.take_step(connection, mine.id, step)
        else:
            paper = authenticator.plain(typed)
            fits = bool(paper) and codes.use(connection, paper, RECOVERY, ms(at.now)) == mine.id
        if fits:
            tries.right(connection, keys)
        return fits

    return None if await at.desk.database.write(use) else (at.words("sign_in.wrong_code"), 422)


def _pending(at: At) -> str:
    """The secret this form brings back; empty for none, or for one that is not ours."""
    try:
        return at.desk.vault.open(base64.urlsafe_b64decode(at.form.get("pending")), _place(at)).decode()
    except (VaultError, ValueError):
        return ""


def _place(at: At) -> bytes:
    return context("staff.totp.pending", HOUSE, at.worker.id)


# --- sign-ins --------------------------------------------------------------------------------------------------------


@room.post("/account/sign-ins/others/end", unsigned=True)
async def end_others(at: At) -> Response:
    def end(connection: Connection) -> None:
        sign_ins.end(connection, at.worker.id, ms(at.now), but=at.worker.sign_in)

    await at.write("sign_in.end", f"staff:{at.worker.id}", end)
    return at.back("/account", said="sign_ins_ended")


@room.post("/account/sign-ins/{sign_in}/end", unsigned=True)
async def end_one(at: At) -> Response:
    which = at.number("sign_in")

    def end(connection: Connection) -> None:
        if not sign_ins.end(connection, at.worker.id, ms(at.now), only=which):
            raise NotFound

    await at.write("sign_in.end", f"staff:{at.worker.id}", end)
    return at.back("/account", said="sign_ins_ended")


# --- Telegram --------------------------------------------------------------------------------------------------------


def _group_of(at: At) -> object | None:
    groups = at.desk.staff_groups
    return None if groups is None else groups.groups.get(at.slug)


@room.post("/account/telegram")
async def telegram(at: At) -> Response:
    """A link to the bot, shown once: whoever opens it in Telegram is this worker in the staff's group."""
    if _group_of(at) is None or at.desk.staff_groups is None:
        raise NotFound
    await at.write("account.telegram", f"staff:{at.worker.id}", lambda _: None)
    invitation = await at.desk.staff_groups.invite(at.worker.id)
    return at.page("account/telegram.html", link=invitation.links.get(at.slug, ""), code=invitation.code)


@room.post("/account/telegram/off")
async def telegram_off(at: At) -> Response:
    vault, id = at.desk.vault, at.worker.id
    await at.write("account.telegram_off", f"staff:{id}", staff.bind_telegram, vault, id, None)
    return at.back("/account", said="account_kept")
