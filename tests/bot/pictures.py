"""Pages looked at as pictures: extracted Arabic text is scrambled and proves nothing."""

import struct
import zlib

Picture = list[list[tuple[int, int, int]]]


def read_png(data: bytes) -> Picture:
    """Rows of colours of an eight-bit RGBA picture over white."""
    at, width, height, packed = 8, 0, 0, b""
    while at < len(data):
        (length,), kind = struct.unpack(">I", data[at : at + 4]), data[at + 4 : at + 8]
        body = data[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", body[:10])
            assert (depth, colour) == (8, 6)
        packed += body if kind == b"IDAT" else b""
        at += length + 12
    raw, stride, rows, above = zlib.decompress(packed), width * 4, [], bytearray(width * 4)
    for number in range(height):
        line = bytearray(raw[number * (stride + 1) : (number + 1) * (stride + 1)])
        filter_type, line = line[0], line[1:]
        for i in range(stride if filter_type else 0):
            left = line[i - 4] if i >= 4 else 0
            corner = above[i - 4] if i >= 4 else 0
            line[i] = (line[i] + _predicted(filter_type, left, above[i], corner)) & 255
        above = line
        rows.append([(line[i], line[i + 1], line[i + 2]) for i in range(0, stride, 4)])
    return rows


def _predicted(filter_type: int, left: int, up: int, corner: int) -> int:
    if filter_type == 4:
        estimate = left + up - corner
        return min((left, up, corner), key=lambda one: abs(estimate - one))
    return (0, left, up, (left + up) // 2)[filter_type]


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
