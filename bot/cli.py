"""The command line: `wasl`. Each command imports what it needs; `serve` must be up within a second."""

import gc
import os
import sys
import time

STARTED = time.monotonic()
if sys.argv[1:2] == ["serve"]:
    # Nothing that is made while starting is garbage: looking for some takes a tenth of the time. On again in main.py.
    gc.disable()

from pathlib import Path  # noqa: E402
from typing import Annotated  # noqa: E402

import typer  # noqa: E402

from bot.commands.here import Slug, association_here, associations_here, fail, line_here, settings_here, words_of  # noqa: E402
from bot.commands.operator import GROUPS  # noqa: E402
from bot.commands.staff import staff_app  # noqa: E402

# Plain tracebacks: the library's pretty ones can print values, and those are people's.
app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The front line of a charity on messaging channels.",
)
for name, group in {**GROUPS, "staff": staff_app}.items():
    app.add_typer(group, name=name)


@app.command()
def serve() -> None:
    """Serve every association: web chats, webhooks, Telegram by polling where there is no public address."""
    from bot.keys import NoKeys
    from bot.main import PortTaken
    from bot.main import serve as run
    from storage.database import AlreadyServing, DatabaseAway, NotMigrated
    from storage.vault import VaultError

    settings = settings_here()
    associations = associations_here(settings)
    try:
        run(settings, associations, STARTED, lambda text: print(text, flush=True))
    except (NoKeys, VaultError, AlreadyServing, NotMigrated, DatabaseAway, PortTaken) as error:
        fail(words_of(error))
    except KeyboardInterrupt:
        pass


@app.command()
def chat(
    association: Slug,
    channel: Annotated[str, typer.Option("--as", help="telegram, whatsapp, sms, email or web: how it looks")] = "web",
    as_json: Annotated[bool, typer.Option("--json", help="One object a turn")] = False,
) -> None:
    """Play a conversation here: type, or pipe lines in.

    Plain text is said; #2 or #id presses a choice; @path sends a file; +2d lets time pass; /start opens by a link;
    = step: value | … fills the secure page; ! move name=words is the staff moving the newest case.
    """
    from datetime import UTC, datetime

    from bot.commands.chat import HELP, play, typed
    from bot.commands.looks import look, names

    settings = settings_here()
    found = association_here(settings, association)
    if channel not in names():
        fail(f"--as {channel}: no such channel — one of {', '.join(names())}")
    # Without an address of our own these are off, and there would be nothing to show.
    address = settings.public_url or ("https://wasl.example" if channel in ("whatsapp", "sms", "email") else "")
    if sys.stdin.isatty() and not as_json:
        print(f"{found.profile.name.ar}\n{HELP}\n")
    play(
        found,
        look(channel),
        typed(sys.stdin),
        lambda text: print(text, flush=True),
        now=datetime.now(UTC),
        public_url=address,
        as_json=as_json,
        file_limit=settings.file_limit_mb * 2**20,
    )


@app.command()
def check(
    path: Annotated[Path | None, typer.Argument(help="A folder of profiles, or of one", show_default=False)] = None,
) -> None:
    """Check profiles: every mistake with file, key and remedy; then what the association has still to confirm."""
    from bot.commands.profiles import check as run

    lines, fine = run(path or settings_here().associations)
    print("\n".join(lines))
    if not fine:
        raise SystemExit(1)


@app.command()
def flows(mermaid: Annotated[bool, typer.Option("--mermaid", help="As Mermaid diagrams")] = False) -> None:
    """List the dialogues and the lives of cases, or draw them."""
    from bot.commands.profiles import draw

    for part in draw(associations_here(settings_here()), mermaid):
        print(part)


@app.command()
def migrate() -> None:
    """Bring the database's schema up to date."""
    from storage.database import Database, DatabaseAway, NotMigrated

    database = Database(settings_here().database_url)
    try:
        database.open()
    except (DatabaseAway, NotMigrated) as error:
        fail(words_of(error))
    database.close()
    print("the schema is up to date")


@app.command()
def settings() -> None:
    """Every setting and what it is."""
    from bot.settings import as_markdown

    print(as_markdown(), end="")


@app.command()
def bench(
    only: Annotated[str, typer.Option(help="engine, path, start, desk, delivery or waves: one part")] = "",
    seconds: Annotated[float, typer.Option(help="Seconds a measurement")] = 5.0,
) -> None:
    """Measure the engine alone, the whole path against its floor on both databases, start-up, the desk's pages, how
    notices leave at the providers' rates, and a wave to a million people."""
    from bot.bench import run

    run(only, seconds)


@app.command()
def backup(to: Annotated[Path, typer.Argument(help="A new file", show_default=False)]) -> None:
    """Copy an SQLite database while it is in use. Opened, the copy is paused and its unsent rows are uncertain."""
    from storage.backup import NotCopied, copy_of

    settings = settings_here()
    try:
        copy_of(settings.database_url, to)
    except NotCopied as error:
        fail(str(error))
    store = "their own store (WASL_FILES_URL)" if settings.files_url.startswith("s3:") else settings.files_url
    print(f"{to}: copied and checked; the sealed files it names are in {store}; keep the keys elsewhere")


@app.command()
def restored() -> None:
    """After pg_restore, before serve: pause everything; what was not sent when the copy was made is uncertain."""
    from datetime import UTC, datetime

    from storage import backup as backups
    from storage.times import ms

    with line_here() as line:
        doubted = line.database.write_now(backups.hold, ms(datetime.now(UTC)))
    print(f"paused; messages that may have been sent since the copy was made: {doubted} (wasl outbound list)")
    print("let everything go with: wasl outbound resume")


def main() -> None:
    os.umask(0o077)  # whatever is made beside the database holds what people told us
    try:
        app()
    except OSError as error:
        if not error.filename:
            raise
        fail(f"{error.filename}: {error.strerror} — look at its owner and rights, and at WASL_DATA")


if __name__ == "__main__":
    main()
