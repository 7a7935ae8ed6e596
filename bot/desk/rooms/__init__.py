"""The rooms of the desk: a file each, each with its pages' folder in ../templates and its words in ../wording."""

from importlib import import_module

from bot.desk.room import Room

_ROOMS = (
    *("inbox", "conversation", "replies", "holding", "joining"),
    *("cases", "record", "tasks", "delivery", "appointments", "clocks"),
    *(
        "committee",
        "management",
        "results",
        "field",
        "improvements",
        "visits",
        "surveys",
        "broadcasts",
        "policy",
        "library",
        "audit",
    ),
    *("case", "case_moves", "verification", "exclusions", "case_data"),
    *("people", "alarms", "signing", "account", "live"),
)
"""In the order in which the navigation shows them."""


def rooms() -> list[Room]:
    return [import_module(f"bot.desk.rooms.{name}").room for name in _ROOMS]
