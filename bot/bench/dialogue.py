"""What everybody in the bench says: the first twelve messages of a request for training at Harif, each with one reply.

No answer of it waits for quiet seconds, is sensitive or brings a file: those pay for more than a turn.
"""

import json
from pathlib import Path

SLUG = "harif"
ASSOCIATIONS = Path(__file__).parents[2] / "deploy" / "associations"
LINES = (
    "السلام عليكم",
    "ابغى دورة تدريب",
    "1",
    "١",
    "1",
    "نورة سعد السالم",
    "1990-05-01",
    "1",
    "0500000007",
    "RRRD2929",
    "2",
    "1",
)
SECRET = "a-secret-of-the-bench"
TOKEN = "1234567:bench-bench-bench-bench-bench-bench"
PATH = f"/telegram/{SLUG}"
HEADER = "X-Telegram-Bot-Api-Secret-Token"


def update(number: int, chat: int, line: str) -> bytes:
    """As Telegram sends it."""
    person = {"id": chat, "is_bot": False, "first_name": "نورة", "username": f"noura{chat}", "language_code": "ar"}
    message = {
        "message_id": number,
        "from": person,
        "chat": {"id": chat, "first_name": "نورة", "username": f"noura{chat}", "type": "private"},
        "date": 1_795_000_000,
        "text": line,
    }
    return json.dumps({"update_id": number, "message": message}).encode()


def request(number: int, chat: int, line: str) -> bytes:
    """The whole HTTP request."""
    body = update(number, chat, line)
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: bench.example\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n{HEADER}: {SECRET}\r\nAccept-Encoding: gzip, deflate\r\n\r\n"
    )
    return head.encode() + body
