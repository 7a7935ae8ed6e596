"""Three storeys, one direction: bot → storage → conversations, never back; and the ground storey is pure."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ABOVE = {"conversations": {"storage", "bot"}, "storage": {"bot"}, "bot": set[str]()}
IMPURE = {
    *("sqlalchemy", "fastapi", "starlette", "uvicorn", "telegram", "twilio", "aiohttp", "httpx", "asyncio", "socket"),
    *("random", "secrets", "uuid", "time", "os", "subprocess", "threading", "logging", "urllib", "requests", "alembic"),
    *(
        "pydantic_settings",
        "structlog",
        "prometheus_client",
        "apscheduler",
        "cryptography",
        "ssl",
        "sqlite3",
        "psycopg",
    ),
}
CLOCKS = {"now", "utcnow", "today"}
READERS = {
    "conversations/association/load.py",
    "conversations/surveys/ready.py",
    "conversations/wording/__init__.py",
}
"""The only files of the ground storey that open files: profiles, ready surveys and catalogues."""


def modules(storey: str) -> list[Path]:
    found = sorted((ROOT / storey).rglob("*.py"))
    assert len(found) > 5, f"{storey} is empty"
    return found


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: a relative import"
            names.add(node.module or "")
    return names


@pytest.mark.parametrize("storey", sorted(ABOVE))
def test_no_storey_imports_one_above_it(storey: str) -> None:
    upwards = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in modules(storey)
        for name in imported(path)
        if name.partition(".")[0] in ABOVE[storey]
    }
    assert not upwards


def test_the_ground_storey_imports_nothing_that_reaches_outside_or_rolls_dice() -> None:
    impure = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in modules("conversations")
        for name in imported(path)
        if name.partition(".")[0] in IMPURE
    }
    assert not impure


def test_the_ground_storey_never_asks_a_clock() -> None:
    asked = {
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in modules("conversations")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in CLOCKS
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in ("datetime", "date", "time")
    }
    assert not asked


def test_only_profiles_and_catalogues_are_read_from_files() -> None:
    readers = {
        str(path.relative_to(ROOT))
        for path in modules("conversations")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and (
            (isinstance(node.func, ast.Name) and node.func.id == "open")
            or (isinstance(node.func, ast.Attribute) and node.func.attr in ("read_text", "read_bytes", "open"))
        )
    }
    assert readers == READERS


def test_what_is_rarely_used_is_not_imported_with_the_engine() -> None:
    import subprocess
    import sys

    heavy = ["typst", "babel", "alembic", "holidays", "hijridate", "phonenumbers", "schwifty", "bm25s", "jinja2"]
    asks = f"import sys, conversations.engine; print([name for name in {heavy} if name in sys.modules])"
    told = subprocess.run([sys.executable, "-c", asks], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
