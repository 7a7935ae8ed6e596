"""The operator's commands: holding the line, keys, events that failed, cases, going live."""

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import echo

from bot.commands.here import Slug, association_here, fail, line_here, named, settings_here, words_of

if TYPE_CHECKING:
    from bot.frontline import FrontLine


def _group(about: str) -> typer.Typer:
    return typer.Typer(no_args_is_help=True, help=about)


outbound = _group("Hold the line, or let it go.")
keys_app = _group("The keys that seal and index.")
events_app = _group("Events that were set apart after failing alone.")
case_app = _group("Cases, for an operator.")
audit_app = _group("The chain of everything that was looked at and done.")
telegram_app = _group("Telegram bots.")
twilio_app = _group("WhatsApp and SMS by Twilio.")
templates_app = _group("The templates of WhatsApp: what may be said a day after the person last wrote.")
twilio_app.add_typer(templates_app, name="templates")
GROUPS = {
    "outbound": outbound,
    "keys": keys_app,
    "events": events_app,
    "case": case_app,
    "audit": audit_app,
    "telegram": telegram_app,
    "twilio": twilio_app,
}


# --- holding the line ------------------------------------------------------------------------------------------------

Which = Annotated[str, typer.Argument(metavar="[ASSOCIATION]", help="Its slug; none for all", show_default=False)]
Where = Annotated[
    str, typer.Argument(metavar="[CHANNEL]", help="telegram, whatsapp, sms …; none for all", show_default=False)
]


def _switch(line: "FrontLine", association: str, channel: str) -> tuple[str, str]:
    """What is to be held; a channel may stand alone, for all associations."""
    from conversations.notices import MESSAGING

    channels = ("*", *MESSAGING)
    if association in channels[1:] and channel == "*":
        association, channel = "*", association
    if association != "*":
        named(line.associations, association)
    if channel not in channels:
        fail(f"{channel}: no such channel — one of {', '.join(channels[1:])}")
    return association, channel


@outbound.command("pause")
def outbound_pause(association: Which = "*", channel: Where = "*") -> None:
    """Nothing goes out until resumed; replies are kept in order. `serve` notices within a second or two."""
    from storage import accounts
    from storage.times import ms

    with line_here() as line:
        held = _switch(line, association, channel)
        line.database.write_now(accounts.pause, *held, "operator", ms(line.intake.clock()))
    echo(f"paused: {_called(*held)}")


@outbound.command("resume")
def outbound_resume(association: Which = "*", channel: Where = "*") -> None:
    """Let go what `pause` with the same words holds."""
    from storage import accounts

    with line_here() as line:
        held = _switch(line, association, channel)
        done = line.database.write_now(accounts.resume, *held)
    echo(f"resumed: {_called(*held)}" if done else "nothing was paused by these words: see wasl outbound list")


def _called(association: str, channel: str) -> str:
    return " ".join(one for one in (association, channel) if one != "*") or "everything"


@outbound.command("list")
def outbound_list() -> None:
    """What is paused, and what may have arrived and waits for a person."""
    from storage import accounts, outbox

    with line_here() as line:
        paused = [one for one in line.database.read_now(accounts.load).values() if one.paused]
        doubted = line.database.read_now(outbox.uncertain)
    for one in sorted(paused):
        echo(f"paused: {_called(one.association, one.channel)} ({one.paused_why})")
    for slug, row, channel in doubted:
        echo(f"may have arrived: {slug} {row} ({channel})")
    if not paused and not doubted:
        echo("nothing is paused, and nothing waits")


@outbound.command("release")
def outbound_release(association: Slug, rows: list[int]) -> None:
    """Send rows again that may have arrived, or that were held."""
    from datetime import UTC, datetime

    from storage import outbox
    from storage.times import ms

    with line_here(association) as line:
        asked = [(association, row) for row in rows]
        released = line.database.write_now(outbox.release, asked, ms(datetime.now(UTC)))
    echo(f"{len(released)} back in the queue")
    if missing := sorted(set(asked) - set(released)):
        fail(f"not waiting: {', '.join(str(row) for _, row in missing)} — see wasl outbound list")


# --- keys ------------------------------------------------------------------------------------------------------------


@keys_app.command("new")
def keys_new() -> None:
    """A fresh key, for WASL_KEYS or WASL_INDEX_KEY."""
    from storage.vault import generate_key

    echo(generate_key())


@keys_app.command("rotate")
def keys_rotate() -> None:
    """Put everything under the newest key while the service runs (set it first in WASL_KEYS of every process)."""
    from storage import keys
    from storage.blobs import Blobs, place

    with line_here() as line:
        blobs = Blobs(place(line.settings.files_url), line.vault)
        done = keys.rotate(line.database, line.vault, blobs, lambda now: echo(f"  {now.rows} rows"))
    echo(f"under the newest key: {done.rows} rows, {done.blobs} files")


@keys_app.command("reindex")
def keys_reindex() -> None:
    """Make every blind index anew under WASL_INDEX_KEY. The service must be stopped."""
    from bot.case_moves import found_by
    from bot.keys import NoKeys, read_keys
    from storage import keys
    from storage.database import AlreadyServing, Database, DatabaseAway, NotMigrated
    from storage.vault import Vault, VaultError

    settings = settings_here()
    database = Database(settings.database_url)
    try:
        database.open(create=False)
        database.hold_serve_lock()
        vault = Vault(*read_keys(settings, database))
        written = database.write_now(keys.reindex, vault, lambda case: () if case.anonymous else found_by(case.answers))
    except (AlreadyServing, NotMigrated, DatabaseAway, NoKeys, VaultError) as error:
        fail(words_of(error))
    finally:
        database.close()
    echo(f"{written} index rows written")


# --- events that failed ----------------------------------------------------------------------------------------------


@events_app.command("list")
def events_list() -> None:
    """What was set apart: ids, times and kinds of error, no content."""
    from storage import quarantine
    from storage.times import moment

    with line_here() as line:
        waiting = line.database.read_now(quarantine.waiting)
    for one in waiting:
        echo(f"{one.association} {one.id} {one.channel} {moment(one.at):%Y-%m-%d %H:%M} {one.error}")
    if not waiting:
        echo("nothing was set apart")


@events_app.command("retry")
def events_retry(association: Slug, event: Annotated[int, typer.Argument(help="Its id, as events list says")]) -> None:
    """Take an event in again."""
    from bot.commands.events import StillApart, retry

    with line_here(association) as line:
        try:
            echo(asyncio.run(retry(line, association, event)))
        except StillApart as error:
            fail(str(error))


# --- cases -----------------------------------------------------------------------------------------------------------


@case_app.command("move")
def case_move(
    association: Slug,
    reference: str,
    move: Annotated[str, typer.Argument(help="As case show names it")],
    given: Annotated[list[str] | None, typer.Argument(help="What the move needs, as name=words")] = None,
    who: Annotated[str, typer.Option(help="The role that makes it; the first allowed one where left out")] = "",
    confirmed: Annotated[bool, typer.Option(help="A supervisor confirms a decision before its earliest day")] = False,
) -> None:
    """Move a case by its lifecycle; the person hears of it through `serve`."""
    from bot.commands.cases import CannotMove
    from bot.commands.cases import move as run
    from conversations.cases.move import NotAllowed

    if wrong := [one for one in given or [] if not one.partition("=")[2]]:
        fail(f"{wrong[0]}: write it as name=words")
    words = dict(one.split("=", 1) for one in given or [])
    with line_here(association) as line:
        try:
            echo(run(line, association, reference, move, words, who, confirmed))
        except (CannotMove, NotAllowed) as error:
            fail(str(error))


@case_app.command("show")
def case_show(association: Slug, reference: str) -> None:
    """Where a case stands and what can be done from here. No answers."""
    from bot.commands.cases import CannotMove, show

    with line_here(association) as line:
        try:
            echo("\n".join(show(line, association, reference)))
        except CannotMove as error:
            fail(str(error))


# --- the audit -------------------------------------------------------------------------------------------------------

Chain = Annotated[str, typer.Argument(metavar="[ASSOCIATION]", help="Its slug; * the workers' accounts; none for all")]


@audit_app.command("verify")
def audit_verify(
    association: Chain = "",
    noted: Annotated[str, typer.Option(help="A head that was noted elsewhere, NUMBER:DIGEST: is it still there?")] = "",
) -> None:
    """Is every row as it was linked, and none missing? Exits 1 where the chain is broken."""
    from bot.commands import audit

    try:
        head = audit.read_noted(noted) if noted else None
    except audit.NotNoted as error:
        fail(str(error))
    if head and not association:
        fail("--noted: name the association whose head it is")
    with line_here(association.strip("*")) as line:
        lines, whole = audit.verify(line, audit.those(line, association), head)
    echo("\n".join(lines))
    if not whole:
        raise SystemExit(1)


@audit_app.command("head")
def audit_head(association: Chain = "") -> None:
    """The newest link of each chain: note it elsewhere, and hand it to verify --noted later."""
    from bot.commands import audit

    with line_here(association.strip("*")) as line:
        echo("\n".join(audit.head(line, audit.those(line, association))))


# --- going live ------------------------------------------------------------------------------------------------------


@telegram_app.command("connect")
def telegram_connect(
    association: Slug,
    poll: Annotated[bool, typer.Option("--poll", help="Delete the webhook, so that serve can poll")] = False,
) -> None:
    """Register the webhook (or take it away), the commands and the texts, and say what was found."""
    from bot.commands.connect import connect_telegram

    settings = settings_here()
    _tell(connect_telegram(settings, association_here(settings, association), poll))


@twilio_app.command("connect")
def twilio_connect(association: Slug) -> None:
    """Register the webhooks where Twilio lets us, and say what to paste where it does not."""
    from bot.commands.connect import connect_twilio

    settings = settings_here()
    _tell(connect_twilio(settings, association_here(settings, association)))


@templates_app.command("plan")
def templates_plan(association: Slug) -> None:
    """What push would make or change, with its words. Asks nobody."""
    from bot.commands.templates import plan

    with line_here(association) as line:
        echo("\n".join(plan(line, association)))


@templates_app.command("push")
def templates_push(association: Slug) -> None:
    """Make what is new or changed by the Content API, and submit it for WhatsApp's approval."""
    from bot.commands.templates import push

    with line_here(association) as line:
        _tell(push(line, association))


@templates_app.command("status")
def templates_status(association: Slug) -> None:
    """Ask which are approved, keep the answers and show them. Exits 1 where one cannot be used."""
    from bot.commands.templates import status

    with line_here(association) as line:
        _tell(status(line, association))


def _tell(connecting: Any) -> None:
    from bot.commands.connect import CannotConnect

    try:
        lines, fine = asyncio.run(connecting)
    except CannotConnect as error:
        fail(str(error))
    echo("\n".join(lines))
    if not fine:
        raise SystemExit(1)
