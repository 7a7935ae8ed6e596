"""What a person wrote in a mail, out of all that mail programs put around it. Pure; what is odd stays as text."""

import re
from html import unescape

TEXT = 20_000
"""Characters of one message; more is cut."""
HTML = 300_000
"""Characters of HTML that are looked at."""

_SAFE_CHARSET = re.compile(
    r"(windows-?|cp)(125\d|874|949|936)|iso-?8859-?\d{1,2}|latin-?1|(us-)?ascii|utf-?(7|8|16|32)(-?[bl]e)?|utf-8-sig"
    r"|koi8-[ru]|mac-?(arabic|roman)|x-mac-(arabic|roman)|gb(k|2312|18030)|big5|euc-(jp|kr)|shift_jis|iso-2022-(jp|kr)"
)
"""Text encodings alone: a name such as `punycode` or `zlib` would have Python do other work, and for long."""
_NOT_ASCII_WIDE = re.compile(r"utf-?(7|16|32)|iso-2022")
_INVISIBLE = dict.fromkeys(
    [
        *range(0x09),
        *range(0x0B, 0x20),
        *range(0x7F, 0xA0),
        *(0x00AD, 0x061C, 0x180E, 0xFEFF, 0xFFFE, 0xFFFF),
        *(0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2060, 0x2070)),
        *range(0xD800, 0xE000),
    ]
)
"""Marks of direction, zero widths and control characters: they come with copying, and mean nothing to a reader."""
_SPACES = str.maketrans({"\u00a0": " ", "\u2007": " ", "\u202f": " ", "\t": " ", "\u2028": "\n", "\u2029": "\n"})


def decode(data: bytes, declared: str = "") -> str:
    """Bytes as text whatever they say of themselves: what is whole UTF-8 is that (nothing else looks so by accident),
    else what was declared, else Windows Arabic. Never raises."""
    name = declared.strip().strip("\"'").lower().replace("_", "-")
    name = {"mac-arabic": "mac_arabic", "x-mac-arabic": "mac_arabic", "shift-jis": "shift_jis"}.get(name, name)
    known = name if _SAFE_CHARSET.fullmatch(name.replace("mac_", "mac-")) or name == "shift_jis" else ""
    tries = [known, "utf-8"] if _NOT_ASCII_WIDE.match(known) else ["utf-8", known]
    for charset in (*tries, "cp1256"):
        try:
            return data.decode(charset) if charset else data.decode("ascii")
        except (UnicodeDecodeError, LookupError):
            continue
    return data.decode("utf-8", "replace")


def clean(text: str) -> str:
    """Without what nobody sees, lines without blanks at their ends, at most one empty line in a row."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").translate(_SPACES).translate(_INVISIBLE)
    lines = "\n".join(line.strip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", lines).strip()


def written(text: str) -> str:
    """The words of this mail alone: without the mail it answers, without a signature. Cut at TEXT."""
    lines = clean(text).split("\n")
    lines = _without_quotes(lines)
    lines = _without_signature(lines)
    return clean("\n".join(lines))[:TEXT]


# --- the mail it answers ---------------------------------------------------------------------------------------------

_WROTE = (
    re.compile(r"on\b.{4,300}\bwrote ?:", re.I),
    re.compile(r"(في|بتاريخ|يوم)\b.{4,300}(كتب|كتبت|كتبوا|تمت كتابة ما يلي بواسطة|أرسل|أرسلت)\b.{0,200}[:：]"),
    re.compile(r".{1,120}<[^<>\s]{3,254}@[^<>\s]{1,254}>.{0,60}(wrote|كتب|كتبت) ?[:：]", re.I),
)
_ORIGINAL = re.compile(r"[-_ ]{2,}(original message|reply message|(ال)?رسالة (ال)?أصلية)[-_ ]{2,}", re.I)
_FROM = re.compile(r"\*?(from|من)\*?\s?[:：]", re.I)
_HEAD = re.compile(
    r"\*?(sent|date|to|cc|subject|تاريخ الإرسال|أ?رسلت?|تم الإرسال|التاريخ|إلى|الى|نسخة|الموضوع)\*?\s?[:：]", re.I
)
_RULE = re.compile(r"_{8,}|-{8,}")
_WRAPPED = 3
"""Lines over which a program may break its «… wrote:»."""


def _without_quotes(lines: list[str]) -> list[str]:
    kept: list[str] = []
    at = 0
    while at < len(lines):
        line = lines[at]
        if _ORIGINAL.fullmatch(line) or _is_head(lines, at):
            break
        if line.startswith(">"):
            at += 1
        elif length := _attribution(lines, at):
            at += length
            if not any(one.startswith(">") for one in lines[at:]):
                break  # quoted without marks: everything below is what was answered
        else:
            kept.append(line)
            at += 1
    return kept


def _attribution(lines: list[str], at: int) -> int:
    """How many lines from here say who wrote what follows; 0 where none do."""
    joined = ""
    for length in range(1, _WRAPPED + 1):
        if at + length > len(lines) or (length > 1 and not lines[at + length - 1]):
            return 0
        joined = f"{joined} {lines[at + length - 1]}".strip()
        if len(joined) > 600:
            return 0
        if joined[-1:] in (":", "：") and any(pattern.fullmatch(joined) for pattern in _WROTE):
            return length
    return 0


def _is_head(lines: list[str], at: int) -> bool:
    """The head of another mail, as Outlook sets it above what it quotes: From and at least two more of its lines."""
    start = at
    if _RULE.fullmatch(lines[at]):
        start = next((number for number in range(at + 1, min(at + 3, len(lines))) if lines[number]), at)
    if not _FROM.match(lines[start]):
        return False
    return sum(bool(_HEAD.match(line)) for line in lines[start + 1 : start + 7]) >= 2


# --- a signature -----------------------------------------------------------------------------------------------------

_DEVICE = r"(iphone|ipad|android|samsung|galaxy|huawei|honor|xiaomi|outlook|yahoo|gmail|mail|mobile|phone|blackberry)"
_ARABIC_DEVICE = (
    r"(iphone|ipad|android|outlook|yahoo|samsung|galaxy|huawei|آيفون|ايفون|آيباد|أندرويد|هاتفي|جوالي|جهازي|بريد)"
)
_SENT_FROM = (
    re.compile(rf"(sent|envoyé) (from|with|via)\b.{{0,40}}{_DEVICE}.{{0,60}}", re.I),
    re.compile(r"get outlook for\b.{0,60}", re.I),
    re.compile(rf"(أ?ُ?رسلت?|تم الإرسال|مرسلة?) (من|بواسطة|عبر)\b.{{0,30}}{_ARABIC_DEVICE}.{{0,60}}", re.I),
    re.compile(r"(احصل|الحصول) على outlook\b.{0,60}", re.I),
)


def _without_signature(lines: list[str]) -> list[str]:
    for number, line in enumerate(lines):
        if line == "--":
            lines = lines[:number]
            break
    while lines and (not lines[-1] or any(pattern.fullmatch(lines[-1]) for pattern in _SENT_FROM)):
        lines = lines[:-1]
    return lines


# --- HTML ------------------------------------------------------------------------------------------------------------

_BLOCKS = frozenset(
    {"address", "article", "aside", "blockquote", "body", "br", "div", "dl", "dt", "dd", "fieldset", "footer", "form"}
    | {"h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html", "li", "main", "nav", "ol", "p", "pre", "section"}
    | {"table", "tr", "ul"}
)
_SILENT = frozenset(["blockquote", "head", "script", "style", "title", "template", "svg", "math", "object", "noscript"])
_QUOTED = re.compile(r"\b(gmail_quote|gmail_attr|yahoo_quoted|moz-cite-prefix|protonmail_quote|WordSection_quote)\b")
_QUOTED_IDS = frozenset({"appendonsend", "divRplyFwdMsg", "mail-editor-reference-message-container", "reply-intro"})
_ALL_BELOW = frozenset({"appendonsend", "divRplyFwdMsg"})
"""Outlook sets these above what it quotes, not around it."""


_TOKEN = re.compile(
    r"""<(?P<over>/?)(?P<tag>[a-z][\w:-]{0,30}+)(?P<has>(?:[^<>"']++|"[^"]{0,2000}+"|'[^']{0,2000}+')*+)>"""
    r"""|<(?P<over2>/?)(?P<tag2>[a-z][\w:-]{0,30}+)(?P<has2>[^<>]*+)>"""
    r"""|<[!?/][^<>]*+>|(?P<text>[^<]++|<)""",
    re.I,
)
"""A tag (one whose quotes do not close ends at the first >), a declaration, or text. Each is read once, forwards: the
library's own parser takes minutes over a hundred thousand tags that never end."""
_ID = re.compile(r"""\bid\s*=\s*["']?([\w-]+)""", re.I)
_CLASS = re.compile(r"""\bclass\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+)""", re.I)


def of_html(page: str) -> str:
    """The words of an HTML body, without those of the mail it answers. Never raises."""
    words: list[str] = []
    silent: list[str] = []  # open elements of one kind, since the one whose words do not count
    for token in _TOKEN.finditer(_without_comments(page[:HTML])):
        if (text := token["text"]) is not None:
            text = re.sub(r"[ \t\r\n]+", " ", text)
            if not silent and (text != " " or words[-1:] != ["\n"]):
                words.append(text)
            continue
        tag = (token["tag"] or token["tag2"] or "").lower()
        if token["over"] or token["over2"]:
            if silent and tag == silent[0]:
                silent.pop()
            if tag in _BLOCKS and words[-1:] != ["\n"]:
                words.append("\n")
            if tag == "p":
                words.append("\n")
            continue
        if tag == "br" or (tag in _BLOCKS and words[-1:] != ["\n"]):
            words.append("\n")
        elif tag in ("td", "th"):
            words.append(" ")
        if silent:
            if tag == silent[0]:
                silent.append(tag)
            continue
        has = (token["has"] or token["has2"] or "")[:4000]
        id = found[1] if (found := _ID.search(has)) else ""
        if id in _ALL_BELOW:
            break
        quoted = (
            tag == "blockquote" or id in _QUOTED_IDS or ((named := _CLASS.search(has)) and _QUOTED.search(named[1]))
        )
        if quoted or tag in _SILENT:
            silent.append(tag)
    said = "".join(words)
    try:
        return unescape(said)
    except ValueError:  # a number of thousands of digits
        return said


def _without_comments(page: str) -> str:
    kept, at = [], 0
    while (begin := page.find("<!--", at)) >= 0:
        kept.append(page[at:begin])
        end = page.find("-->", begin)
        at = end + 3 if end >= 0 else len(page)
    return "".join([*kept, page[at:]])
