"""`wasl bench`: what a message costs, beside what it must cost. Believe the ratios: figures are the machine's."""

from importlib import import_module
from typing import Any

PARTS = ("engine", "path", "start", "desk", "delivery", "waves")


def run(only: str = "", seconds: float = 5.0) -> dict[str, Any]:
    """Measure one part, or all, `seconds` a measurement; prints, and returns the figures by part.

    Raises SystemExit for a part that there is not.
    """
    if only and only not in PARTS:
        raise SystemExit(f"{only}: no such part — one of {', '.join(PARTS)}")
    return {part: import_module(f"bot.bench.{part}").run(seconds) for part in PARTS if only in ("", part)}
