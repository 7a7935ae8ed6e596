"""From the start of the process to the first 200 at /health, and how much memory that takes: five associations."""

import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from bot.bench.dialogue import ASSOCIATIONS
from bot.bench.processes import Server, free_port

TIMES = 5


def once(data: Path) -> tuple[float, float]:
    """Seconds, and megabytes."""
    environ = {"WASL_DATA": str(data), "WASL_ASSOCIATIONS": str(ASSOCIATIONS), "WASL_PORT": str(free_port())}
    began = time.perf_counter()
    server = Server(["bot.cli", "serve"], environ, data / "log")
    try:
        server.wait()
        return time.perf_counter() - began, server.used().memory
    finally:
        server.stop()


def run(seconds: float = 5.0) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="wasl-bench-") as folder:
        first, _ = once(Path(folder))
        measured = [once(Path(folder)) for _ in range(TIMES)]
    took, memory = (median(each) for each in zip(*measured, strict=True))
    print("start: the process begins → 200 at /health")
    print(f"  {took:.2f} s, {memory:.0f} MB   (the first time, with its database to make: {first:.2f} s)")
    return {"seconds": took, "memory": memory, "first": first}


if __name__ == "__main__":
    run()
