"""Every dialogue, one a file. Importing this package registers them all in `conversations.flow.FLOWS`."""

from conversations.flows import (
    apply,
    ask,
    complain,
    consent,
    harm,
    my_data,
    own_moves,
    represent,
    shared_phone,
    staff,
    suggest,
    track,
    urgent,
    volunteer,
)

__all__ = [
    "apply",
    "ask",
    "complain",
    "consent",
    "harm",
    "my_data",
    "own_moves",
    "represent",
    "shared_phone",
    "staff",
    "suggest",
    "track",
    "urgent",
    "volunteer",
]
