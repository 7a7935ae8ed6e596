"""Ports for processes of a test, outside of those that the system hands out by itself: nothing takes one between its
choice and its use."""

import random
import socket

_FROM, _TO = 20_000, 32_000


def free_port() -> int:
    while True:
        port = random.SystemRandom().randrange(_FROM, _TO)
        with socket.socket() as one:
            try:
                one.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
