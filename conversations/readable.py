"""Says and effects as lines of text: for the terminal and the golden dialogues."""

from datetime import datetime
from typing import Any

import msgspec

from conversations.effects import Effect
from conversations.moment import RIYADH
from conversations.says import Say


def shown(say: Say) -> str:
    """A say as a page of a golden dialogue shows it."""
    lines = [say.text] if say.text else []
    if say.link:
        lines.append(f"🔗 {say.link.title}")
    if say.file:
        lines.append(f"📎 {say.file.name}")
    abouts = [f"  {option.title} — {option.about}" for option in say.options if option.about]
    if abouts:
        lines += abouts
    if say.options:
        lines.append(" ".join(f"[{option.title}]" for option in say.options))
    if say.controls:
        lines.append(" ".join(f"({option.title})" for option in say.controls))
    return "\n".join(lines)


_UNSAID = (
    *("key", "answers", "signature", "wish", "details", "facts", "text", "callback"),
    *("token", "form", "wording_version"),
)
"""Fields of effects whose values are typed, secret or of no interest to a reader: only that they are there is said."""


def described(effect: Effect) -> str:
    """An effect in a line, without anything that was typed. Times are local."""
    fields: dict[str, Any] = msgspec.to_builtins(effect, builtin_types=(datetime,))
    parts = []
    for key, value in fields.items():
        if key == "does":
            continue
        if key in _UNSAID:
            if value and key not in ("form", "token", "wording_version"):
                parts.append(f"{key}: {' '.join(value)}" if isinstance(value, dict) and key != "signature" else key)
        elif isinstance(value, datetime):
            local = value.astimezone(RIYADH)
            parts.append(f"{key} {local:%Y-%m-%d}" if f"{local:%H:%M}" == "23:59" else f"{key} {local:%Y-%m-%d %H:%M}")
        elif key == "given":
            parts.append("given" if value else "declined")
        elif value is True:
            parts.append(key)
        elif value not in ("", None, False) and value not in ([], ()):
            parts.append(f"{key} {', '.join(value) if isinstance(value, list | tuple) else value}")
    name = str(fields["does"]).replace("_", " ")
    return f"{name}: " + " · ".join(parts) if parts else name
