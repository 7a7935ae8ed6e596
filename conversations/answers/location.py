"""Where: a point shared by the channel, a map link, coordinates, a short address, or words that describe the way.

The value is one of {"latitude", "longitude"} (degrees, WGS 84), {"link"}, {"short_address"} and {"place"}.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from conversations.answers.address import short_address_in
from conversations.answers.contract import Again, Answer, Got, Heard, Hearing
from conversations.answers.text import clean, shorten
from conversations.arabic.normalise import ascii_digits
from conversations.events import Event, Location, Text
from conversations.wording import house_wording

_POINT = re.compile(r"(?<![\d.])(-?[0-9]{1,2}\.[0-9]{2,15})\s*[,،\s]\s*(-?[0-9]{1,3}\.[0-9]{2,15})(?![\d.])")
_LINK = re.compile(
    r"https?://(?:maps\.app\.goo\.gl|goo\.gl/maps|(?:www\.|maps\.)?google\.[a-z.]{2,6}/maps|maps\.google\.[a-z.]{2,6}"
    r"|maps\.apple\.com|waze\.com)\S{0,500}",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Place(Answer):
    """A place, however someone can say it."""

    kind: ClassVar[str] = "location"
    wants: ClassVar[str] = "location"
    most: int = 500

    def hear(self, event: Event, hearing: Hearing) -> Heard:
        if isinstance(event, Location):
            return _point(event.latitude, event.longitude)
        if not isinstance(event, Text):
            return Again("location.only")
        text = clean(ascii_digits(event.text[:2000]).replace("٫", "."))
        if point := _POINT.search(text.replace("%2C", ",").replace("%2c", ",")):
            return _point(float(point[1]), float(point[2]))
        if link := _LINK.search(text):
            return Got({"link": link[0]})
        if short := short_address_in(text):
            return Got({"short_address": short})
        if sum(character.isalpha() for character in text) < 4:
            return Again("location.only")
        if len(text) > self.most:
            return Again("short_text.long", {"most": self.most, "found": len(text)})
        return Got({"place": text})

    def show(self, value: Any, language: str) -> str:
        match value:
            case {"latitude": latitude, "longitude": longitude}:
                return house_wording(language)("location.point", point=f"\u2066{latitude:.4f}, {longitude:.4f}\u2069")
            case {"link": str()}:
                return house_wording(language)("location.link")
            case {"short_address": str(address)}:
                return f"\u2066{address}\u2069"
        return shorten(str(value.get("place", "")))

    def input(self) -> Mapping[str, Any]:
        return {"type": "text", "maxlength": self.most}


def _point(latitude: float, longitude: float) -> Heard:
    # Written so that «not a number» is refused as well.
    if -90 <= latitude <= 90 and -180 <= longitude <= 180 and (latitude, longitude) != (0, 0):
        return Got({"latitude": round(latitude, 6), "longitude": round(longitude, 6)})
    return Again("location.only")
