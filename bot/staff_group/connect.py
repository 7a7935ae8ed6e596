"""What `wasl telegram connect` does for the staff's group: its commands, and whether the bot can work there."""

from bot.channels.contract import SendError
from bot.channels.telegram import Telegram
from bot.desk.words import DeskWords
from bot.staff_group.acts import COMMANDS
from bot.staff_group.group import Found, Group
from conversations.wording import LANGUAGES


async def connect_group(channel: Telegram, words: DeskWords) -> tuple[list[str], bool]:
    """What was found, a line each, and whether nothing is left to do."""
    group = Group(channel, channel.staff_group)
    try:
        found = await group.look()
        for language in ("", *LANGUAGES):
            told = DeskWords(language or "ar")
            await group.offer(language, {name: told(f"group.command.{name}") for name in COMMANDS})
    except SendError as error:
        key = f"group.connect.{error.code}"
        return [words(key if key in words else "group.connect.no_group", group=group.chat)], False
    missing = [what for what in ("topics", "administrator", "manages", "deletes") if not getattr(found, what)]
    if missing:
        return [words(f"group.connect.lacks_{what}", title=found.title) for what in _first(missing, found)], False
    return [words("group.connect.fine", title=found.title)], True


def _first(missing: list[str], found: Found) -> list[str]:
    """Whoever is no administrator has no right: that is said once."""
    return missing if found.administrator else [what for what in missing if what in ("topics", "administrator")]
