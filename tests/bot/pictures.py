"""Pages looked at as pictures: extracted Arabic text is scrambled and proves nothing."""

from io import BytesIO

from PIL import Image

Picture = list[list[tuple[int, int, int]]]


def read_png(data: bytes) -> Picture:
    """Rows of colours."""
    picture = Image.open(BytesIO(data)).convert("RGB")
    raw, stride = picture.tobytes(), picture.width * 3
    lines = (raw[at : at + stride] for at in range(0, len(raw), stride))
    return [list(zip(line[::3], line[1::3], line[2::3], strict=True)) for line in lines]


def pictures(drawn: bytes | list[bytes]) -> list[Picture]:
    return [read_png(one) for one in (drawn if isinstance(drawn, list) else [drawn])]


def ink(picture: Picture, left: float = 0, right: float = 1, top: float = 0, bottom: float = 1) -> int:
    """How many dark dots a part of the page holds; sides as shares of the page."""
    height, width = len(picture), len(picture[0])
    return sum(
        sum(colour) < 380
        for line in picture[int(top * height) : int(bottom * height)]
        for colour in line[int(left * width) : int(right * width)]
    )
