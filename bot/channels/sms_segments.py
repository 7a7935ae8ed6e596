"""How many segments a text message is: what is paid for, and what a phone puts together again.

Source: 3GPP TS 23.038 (the seven-bit alphabet and its extension table) and 23.040 (joined messages). One letter outside
the alphabet, Arabic that is, and the whole text goes as UCS-2: 70 units alone, 67 in each of several.
"""

SEVEN_BIT = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = frozenset("\f^{}\\[~]|€")
"""Two places each."""
SEVEN_BIT_ALONE, SEVEN_BIT_EACH = 160, 153
UCS2_ALONE, UCS2_EACH = 70, 67

_PLAIN = str.maketrans(
    {"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "–": "-", "—": "-", "…": "...", "•": "-", "\u00a0": " "}
)


def segments(text: str) -> int:
    """0 for an empty text."""
    if not text:
        return 0
    if _is_seven_bit(text):
        return _packed([2 if letter in EXTENDED else 1 for letter in text], SEVEN_BIT_ALONE, SEVEN_BIT_EACH)
    return _packed([2 if letter > "\uffff" else 1 for letter in text], UCS2_ALONE, UCS2_EACH)


def plain(text: str) -> str:
    """With the marks of typography written as a typewriter has them, where the text is then seven-bit: less than half
    the segments. Else as it is."""
    simple = text.translate(_PLAIN)
    return simple if _is_seven_bit(simple) else text


def _is_seven_bit(text: str) -> bool:
    return all(letter in SEVEN_BIT or letter in EXTENDED for letter in text)


def _packed(sizes: list[int], alone: int, each: int) -> int:
    """What takes two places never stands in two segments."""
    if sum(sizes) <= alone:
        return 1
    count, room = 1, each
    for size in sizes:
        if size > room:
            count, room = count + 1, each
        room -= size
    return count
