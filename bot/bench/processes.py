"""A server of the bench in a process of its own, on a core of its own: started, asked what it has used, stopped."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
_TICK = os.sysconf("SC_CLK_TCK")


class Used(NamedTuple):
    """CPU seconds so far, and megabytes resident now."""

    cpu: float
    memory: float


class Server:
    """`python -m module words` with these variables and no other WASL_ ones; `core` is the only one it may use."""

    def __init__(self, words: Sequence[str], environ: Mapping[str, str], log: Path, core: int | None = None) -> None:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("WASL_")}
        self.log, self.port = log, int(environ["WASL_PORT"])
        with log.open("ab") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *words], env={**inherited, **environ}, cwd=ROOT, stdout=file, stderr=file
            )
        if core is not None:
            os.sched_setaffinity(self.process.pid, {core})

    def wait(self, within: float = 30.0) -> None:
        """Until it answers. Raises RuntimeError with the end of its log."""
        until = time.monotonic() + within
        while not answers(self.port):
            if self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{self.process.args!r} is not up:\n{self.log.read_text()[-2000:]}")
            time.sleep(0.005)

    def used(self) -> Used:
        return used(self.process.pid)

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def used(*pids: int) -> Used:
    """Of these processes together; one that is gone has used nothing."""
    cpu = memory = 0.0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        cpu += (int(fields[11]) + int(fields[12])) / _TICK
        memory += int(fields[21]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    return Used(cpu, memory)


def below(pid: int) -> list[int]:
    """The process and all it has started."""
    found = [pid]
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text().split():
            found += below(int(child))
    return found


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def answers(port: int) -> bool:
    """Whether /health says 200."""
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as one:
            one.sendall(b"GET /health HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")
            return one.recv(64).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def cores() -> tuple[int | None, int | None]:
    """One for the server, one for the people; none where there is no choice."""
    if not hasattr(os, "sched_setaffinity"):
        return None, None
    mine = sorted(os.sched_getaffinity(0))
    return (mine[0], mine[-1]) if len(mine) > 1 else (None, None)
