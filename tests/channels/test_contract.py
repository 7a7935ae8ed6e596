"""What holds for every channel: how a say is cut, and what a button carries."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.contract import Capabilities, fit, payload_of, read_payload
from bot.channels.telegram import CAPABILITIES as TELEGRAM
from conversations.says import Attachment, Link, Option, Say

WHATSAPP = Capabilities(text=1600, buttons=3, rows=10)
SMS = Capabilities(text=160, body_with_options=160, files=False, links=False)

IDS = st.from_regex(r"/?[a-z0-9._-]{1,39}", fullmatch=True)
WORDS = st.text(st.sampled_from("ابتثج د\n.😀x"), max_size=60)


def options(most: int) -> st.SearchStrategy[tuple[Option, ...]]:
    title = st.text(st.sampled_from("ابتثجx "), min_size=1, max_size=50).filter(str.strip)
    about = st.text(st.sampled_from("ابتثج "), max_size=90)
    return st.lists(st.builds(Option, IDS, title, about), max_size=most).map(tuple)


SAYS = st.builds(
    Say,
    text=st.lists(WORDS, max_size=40).map(" ".join),
    options=options(14),
    controls=options(3),
    prompt=st.integers(0, 2**31),
    file=st.none() | st.just(Attachment("f1", "a.pdf")),
    link=st.none() | st.just(Link("صفحة", "https://wasl.example.org/x")),
    lane=st.sampled_from(["dialogue", "notice", "bulk"]),
)
CAN = st.sampled_from([TELEGRAM, WHATSAPP, SMS]) | st.builds(
    Capabilities,
    text=st.integers(40, 400),
    caption=st.integers(0, 200),
    buttons=st.integers(0, 8),
    button_title=st.integers(5, 40),
    rows=st.integers(0, 12),
    row_title=st.integers(5, 40),
    body_with_options=st.integers(40, 400),
    controls=st.booleans(),
    files=st.booleans(),
    links=st.booleans(),
)


def letters(words: str) -> str:
    return "".join(words.split())


def test_every_piece_of_a_reply_says_who_said_it() -> None:
    reply = Say(text="كلام " * 100, file=Attachment("f1", "a.pdf"), by="7", via="group")
    pieces = fit(reply, SMS) + fit(reply, Capabilities(text=160))
    assert len(pieces) > 6
    assert {(piece.by, piece.via) for piece in pieces} == {("7", "group")}


@given(SAYS, CAN)
def test_every_piece_fits(say: Say, can: Capabilities) -> None:
    for piece in fit(say, can):
        limit = min(can.text, can.body_with_options) if piece.options else can.text
        if piece.file and can.files and piece.text:
            limit = min(limit, can.caption)
        assert len(piece.text) <= limit
        if piece.options:
            as_buttons = len(piece.options) <= can.buttons and all(
                len(o.title) <= can.button_title for o in piece.options
            )
            as_rows = len(piece.options) <= can.rows and all(
                len(o.title) <= can.row_title and len(o.about) <= can.row_about for o in piece.options
            )
            assert as_buttons or as_rows
            assert as_rows or not any(o.about for o in piece.options)


@given(SAYS, CAN)
def test_nothing_is_lost_and_the_order_stays(say: Say, can: Capabilities) -> None:
    pieces = fit(say, can)
    whole = letters("".join(piece.text for piece in pieces))
    assert whole.startswith(letters(say.text))
    at = 0
    for option in say.options:
        shown = any(option.id == each.id and option.title == each.title for each in pieces[-1].options)
        if not shown:
            at = whole.index(letters(option.title), at)
        told = any(option.id == each.id and option.about == each.about for each in pieces[-1].options)
        if not told:
            assert letters(option.about) in whole
    assert (say.link is None) or (pieces[-1].link == say.link) or letters(say.link.url) in whole
    assert [piece.file for piece in pieces if piece.file] == ([say.file] if say.file else [])
    assert {piece.lane for piece in pieces} == {say.lane}


@given(SAYS, CAN)
def test_only_the_last_piece_asks(say: Say, can: Capabilities) -> None:
    *first, last = fit(say, can)
    for piece in first:
        assert not (piece.options or piece.controls or piece.link or piece.wants)
        assert piece.text.strip() or piece.file
    assert last.prompt == say.prompt
    assert last.controls == (say.controls if can.controls else ())


@given(SAYS, CAN)
def test_numbers_count_the_options_in_their_order(say: Say, can: Capabilities) -> None:
    pieces = fit(say, can)
    if say.options and not pieces[-1].options:
        whole = letters("".join(piece.text for piece in pieces))
        at = len(letters(say.text))
        for number, option in enumerate(say.options, 1):
            at = whole.index(letters(f"{number}. {option.title}"), at)


@given(SAYS, CAN)
def test_what_fits_is_not_cut_again(say: Say, can: Capabilities) -> None:
    for piece in fit(say, can):
        assert fit(piece, can) == (piece,)


def test_a_say_that_fits_is_left_alone() -> None:
    say = Say(text="نعم؟", options=(Option("y", "نعم"),), controls=(Option("/back", "رجوع"),))
    assert fit(say, TELEGRAM)[0] is say


def test_what_is_said_about_a_button_stands_in_the_text() -> None:
    say = Say(text="لمن؟", options=(Option("own", "لي أنا", "أقدّم عن نفسي"), Option("kin", "لقريب")))
    (only,) = fit(say, TELEGRAM)
    assert only.text == "لمن؟\n\n• لي أنا: أقدّم عن نفسي"
    assert only.options == (Option("own", "لي أنا"), Option("kin", "لقريب"))


def test_a_list_shows_what_is_said_about_its_rows_itself() -> None:
    say = Say(text="لمن؟", options=(Option("own", "لي أنا", "أقدّم عن نفسي"), Option("kin", "لقريب")))
    assert fit(say, WHATSAPP) == (say,)


def test_more_options_than_a_channel_shows_are_numbered() -> None:
    say = Say(text="أيّها؟", options=(Option("a", "أول"), Option("b", "ثانٍ", "بعد الأول")), prompt=3)
    (only,) = fit(say, SMS)
    assert only == Say(text="أيّها؟\n\n1. أول\n2. ثانٍ: بعد الأول", prompt=3)


def test_a_file_with_too_many_words_goes_before_them() -> None:
    say = Say(text="كلمة " * 300, file=Attachment("f", "a.pdf"), options=(Option("y", "نعم"),))
    file, words = fit(say, TELEGRAM)
    assert (file.text, file.file) == ("", say.file)
    assert (words.file, words.options) == (None, say.options)


def test_a_cut_comes_between_paragraphs_before_it_comes_between_words() -> None:
    first, second = "أ" * 100, "ب ب" * 30
    assert [piece.text for piece in fit(Say(text=f"{first}\n\n{second}"), SMS)] == [first, second]


@given(IDS, st.integers(0, 2**63))
def test_a_button_brings_back_its_choice_and_its_question_in_64_bytes(option: str, prompt: int) -> None:
    payload = payload_of(Option(option, "x"), prompt)
    assert len(payload.encode()) <= 64
    assert read_payload(payload) == (option, prompt)


@given(st.text(max_size=70))
def test_any_payload_is_read(payload: str) -> None:
    option, prompt = read_payload(payload)
    assert isinstance(option, str) and isinstance(prompt, int)


@given(st.text("0123456789abcdef-_x", max_size=62))
def test_any_payload_can_be_kept(number: str) -> None:
    assert msgspec.msgpack.encode(read_payload(f"{number}:x"))


@given(SAYS, CAN)
def test_pieces_survive_being_stored(say: Say, can: Capabilities) -> None:
    for piece in fit(say, can):
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(piece), type=Say) == piece
