"""The command line: `wasl`. Each command imports what it needs; `serve` must be up within a second."""

import sys
import time

STARTED = time.monotonic()

import asyncio  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import TYPE_CHECKING, Annotated, Any, NoReturn  # noqa: E402

import typer  # noqa: E402

if TYPE_CHECKING:
    from bot.settings import Settings
    from conversations.association.association import Association

app = typer.Typer(no_args_is_help=True, add_completion=False, help="The front line of a charity on messaging channels.")
outbound = typer.Typer(no_args_is_help=True, help="Hold the line, or let it go.")
keys_app = typer.Typer(no_args_is_help=True, help="The keys that seal and index.")
events_app = typer.Typer(no_args_is_help=True, help="Events that were set apart after failing alone.")
case_app = typer.Typer(no_args_is_help=True, help="Cases, for an operator.")
telegram_app = typer.Typer(no_args_is_help=True, help="Telegram bots.")
twilio_app = typer.Typer(no_args_is_help=True, help="WhatsApp by Twilio.")
for name, group in {
    "outbound": outbound,
    "keys": keys_app,
    "events": events_app,
    "case": case_app,
    "telegram": telegram_app,
    "twilio": twilio_app,
}.items():
    app.add_typer(group, name=name)


def fail(text: str) -> NoReturn:
    print(text, file=sys.stderr)
    raise SystemExit(1)


def settings_here() -> "Settings":
    from bot.settings import BadSettings, read_settings

    try:
        return read_settings()
    except BadSettings as error:
        fail(str(error))


def associations_here(settings: "Settings", path: Path | None = None) -> "list[Association]":
    from conversations.association.load import load_associations
    from conversations.association.mistakes import ProfileMistakes

    folder = path or settings.associations
    try:
        found = load_associations(folder)
    except ProfileMistakes as error:
        fail(str(error))
    only = settings.only
    kept = [one for one in found if not only or one.slug in only]
    if not kept:
        fail(f"{folder}: no association here — set WASL_ASSOCIATIONS to a folder of profiles")
    return kept


def line_here() -> Any:
    """A front line for a command: nothing of it is started."""
    from bot.frontline import NoKeys, build
    from storage.database import DatabaseAway, NotMigrated
    from storage.vault import VaultError

    settings = settings_here()
    associations = {one.slug: one for one in associations_here(settings)}
    try:
        return build(settings, associations)
    except (NoKeys, VaultError, NotMigrated, DatabaseAway) as error:
        fail(str(error))


@app.command()
def serve() -> None:
    """Serve every association: web chats, webhooks, Telegram by polling where there is no public address."""
    from bot.frontline import NoKeys
    from bot.main import serve as run
    from bot.settings import BadSettings
    from storage.database import AlreadyServing, DatabaseAway, NotMigrated
    from storage.vault import VaultError

    settings = settings_here()
    associations = associations_here(settings)
    try:
        run(settings, associations, STARTED, lambda text: print(text, flush=True))
    except (BadSettings, NoKeys, VaultError, AlreadyServing, NotMigrated, DatabaseAway) as error:
        fail(str(error) or type(error).__name__)
    except KeyboardInterrupt:
        pass


@app.command()
def chat(
    association: str,
    channel: Annotated[str, typer.Option("--as", help="telegram, whatsapp or web: how the channel shows it")] = "web",
    as_json: Annotated[bool, typer.Option("--json", help="One object a turn")] = False,
) -> None:
    """Play the conversation here. Text; #id presses a choice; @path sends a file; +2d lets time pass; /start opens."""
    from bot.terminal import play

    settings = settings_here()
    found = {one.slug: one for one in associations_here(settings)}
    if association not in found:
        fail(f"{association}: no such association — one of {', '.join(sorted(found))}")
    play(found[association], channel, as_json, settings.public_url)


@app.command()
def check(path: Annotated[Path | None, typer.Argument(help="A folder of profiles")] = None) -> None:
    """Check profiles: every mistake with file, key and remedy; then what the association has still to confirm."""
    from bot.terminal import check as run

    settings = settings_here()
    if not run(path or settings.associations):
        raise SystemExit(1)


@app.command()
def flows(mermaid: Annotated[bool, typer.Option("--mermaid", help="As Mermaid diagrams")] = False) -> None:
    """List the dialogues and the lives of cases, or draw them."""
    from bot.terminal import draw

    draw(associations_here(settings_here()), mermaid)


@app.command()
def migrate() -> None:
    """Bring the database's schema up to date."""
    from storage.database import Database, DatabaseAway

    database = Database(settings_here().database_url)
    try:
        database.open()
    except DatabaseAway as error:
        fail(str(error) or "the database cannot be reached: see WASL_DATABASE_URL")
    database.close()
    print("the schema is up to date")


@app.command()
def settings() -> None:
    """Every setting and what it is."""
    from bot.settings import as_markdown

    print(as_markdown(), end="")


@app.command()
def bench(
    only: Annotated[str, typer.Option(help="engine, path or start: one part")] = "",
    seconds: Annotated[float, typer.Option(help="Seconds a measurement")] = 5.0,
) -> None:
    """Measure: the engine alone, the whole path against its floor on both databases, start-up."""
    from bot.bench import run

    run(only, seconds)


@app.command()
def backup(to: Path) -> None:
    """Copy an SQLite database while it is in use. The copy starts paused, its unsent rows uncertain."""
    from storage.backup import copy_of

    settings = settings_here()
    copy_of(settings.database_url, to)
    print(f"{to}: copied; files are in {settings.files_url or settings.data / 'files'}")


# --- holding the line ------------------------------------------------------------------------------------------------


@outbound.command("pause")
def outbound_pause(
    association: Annotated[str, typer.Argument(help="A slug; empty for all")] = "*",
    channel: Annotated[str, typer.Argument(help="telegram, whatsapp …; empty for all")] = "*",
) -> None:
    """Nothing goes out until resumed; replies are kept in order. `serve` notices within a second or two."""
    from storage import accounts

    line = line_here()
    line.database.write_now(accounts.pause, association, channel, "operator")
    print(f"paused: {association} {channel}")
    line.database.close()


@outbound.command("resume")
def outbound_resume(association: str = typer.Argument("*"), channel: str = typer.Argument("*")) -> None:
    """Let go what `pause` with the same words holds."""
    from storage import accounts

    line = line_here()
    held = line.database.write_now(accounts.resume, association, channel)
    print(f"resumed: {association} {channel}" if held else "nothing was paused by these words: see wasl outbound list")
    line.database.close()


@outbound.command("list")
def outbound_list() -> None:
    """What is paused, and what may have arrived and waits for a person."""
    from storage import accounts, outbox

    line = line_here()
    for (slug, channel), account in sorted(line.database.read_now(accounts.load).items()):
        if account.paused:
            print(f"paused: {slug} {channel} ({account.paused_why})")
    for slug, row, channel in line.database.read_now(outbox.uncertain):
        print(f"may have arrived: {slug} {channel} row {row}")
    line.database.close()


@outbound.command("release")
def outbound_release(association: str, rows: list[int]) -> None:
    """Send rows again that may have arrived, or that were held."""
    from datetime import UTC, datetime

    from storage import outbox
    from storage.times import ms

    line = line_here()
    released = line.database.write_now(outbox.release, [(association, row) for row in rows], ms(datetime.now(UTC)))
    print(f"{len(released)} back in the queue")
    line.database.close()


# --- keys ------------------------------------------------------------------------------------------------------------


@keys_app.command("new")
def keys_new() -> None:
    """A fresh key, for WASL_KEYS or WASL_INDEX_KEY."""
    from storage.vault import generate_key

    print(generate_key())


@keys_app.command("rotate")
def keys_rotate() -> None:
    """Put everything under the newest key while the service runs (set it first in WASL_KEYS of every process)."""
    from storage import keys
    from storage.blobs import Blobs, place

    line = line_here()
    blobs = Blobs(place(line.settings.files_url or str(line.settings.data / "files")), line.vault)
    done = keys.rotate(line.database, line.vault, blobs, lambda progress: print(f"  {progress.rows} rows", flush=True))
    print(f"under the newest key: {done.rows} rows, {done.blobs} files")
    line.database.close()


@keys_app.command("reindex")
def keys_reindex() -> None:
    """Make every blind index anew under WASL_INDEX_KEY. The service must be stopped."""
    from bot.effects import found_by
    from bot.frontline import read_keys
    from storage import keys
    from storage.database import AlreadyServing, Database
    from storage.vault import Vault

    settings = settings_here()
    database = Database(settings.database_url)
    database.open(create=False)
    try:
        database.hold_serve_lock()
    except AlreadyServing as error:
        fail(str(error))
    vault = Vault(*read_keys(settings, database))
    written = database.write_now(keys.reindex, vault, lambda case: () if case.anonymous else found_by(case.answers))
    print(f"{written} index rows written")
    database.close()


# --- events that failed ----------------------------------------------------------------------------------------------


@events_app.command("list")
def events_list() -> None:
    """What was set apart: ids, times and kinds of error, no content."""
    from storage import quarantine
    from storage.times import moment

    line = line_here()
    waiting = line.database.read_now(quarantine.waiting)
    for one in waiting:
        print(f"{one.association} {one.id} {one.channel} {moment(one.at):%Y-%m-%d %H:%M} {one.error}")
    if not waiting:
        print("nothing was set apart")
    line.database.close()


@events_app.command("retry")
def events_retry(association: str, event: int) -> None:
    """Take an event in again."""
    from bot.terminal import retry

    line = line_here()
    print(asyncio.run(retry(line, association, event)))


# --- cases -----------------------------------------------------------------------------------------------------------


@case_app.command("move")
def case_move(
    association: str,
    reference: str,
    move: str,
    given: Annotated[list[str] | None, typer.Argument(help="What the move needs, as name=words")] = None,
    who: Annotated[str, typer.Option(help="The role that makes it; the first allowed one where left out")] = "",
    confirmed: Annotated[bool, typer.Option(help="A supervisor confirms a decision before its earliest day")] = False,
) -> None:
    """Move a case by its lifecycle; the person hears of it through `serve`."""
    from bot.terminal import move as run

    line = line_here()
    words = dict(one.split("=", 1) for one in given or [] if "=" in one)
    try:
        print(run(line, association, reference, move, words, who, confirmed))
    finally:
        line.database.close()


@case_app.command("show")
def case_show(association: str, reference: str) -> None:
    """Where a case stands and what can be done from here. No answers."""
    from bot.terminal import show

    line = line_here()
    print(show(line, association, reference))
    line.database.close()


# --- going live ------------------------------------------------------------------------------------------------------


@telegram_app.command("connect")
def telegram_connect(
    association: str,
    poll: Annotated[bool, typer.Option("--poll", help="Delete the webhook, so that serve can poll")] = False,
) -> None:
    """Register the webhook (or take it away), the commands and the texts, and say what was found."""
    from bot.terminal import connect_telegram

    settings = settings_here()
    found = {one.slug: one for one in associations_here(settings)}
    if association not in found:
        fail(f"{association}: no such association")
    for text in asyncio.run(connect_telegram(settings, found[association], poll)):
        print(text)


@twilio_app.command("connect")
def twilio_connect(association: str) -> None:
    """Register the webhooks where Twilio lets us, and say what to paste where it does not."""
    from bot.terminal import connect_twilio

    settings = settings_here()
    fine = True
    for finding in asyncio.run(connect_twilio(settings, association)):
        fine = fine and finding.fine
        print(("✓ " if finding.fine else "✗ ") + finding.text)
    if not fine:
        raise SystemExit(1)


def main() -> None:
    app()


if __name__ == "__main__":
    main()
