"""What open answers are about: the themes they are put under, the same in every survey, so that they can be counted."""

from typing import Final

THEMES: Final = (
    *("thanks", "courtesy", "clarity", "speed", "follow_up", "accuracy", "papers", "service", "amount"),
    *("channel", "place", "privacy", "fairness", "idea", "other"),
)
"""Their words: `theme.<code>`."""
