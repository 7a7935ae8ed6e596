"""What a file is by its first bytes: an allow-list. Names and declared types are not believed.

SVG and HTML can run scripts in a reader's browser, and never enter.
"""

_START = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"#!AMR\n", "amr"),
    (b"#!AMR-WB\n", "amr"),
    (b"ID3", "mp3"),
)
_BRANDS = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"), "heic"),
    **dict.fromkeys((b"M4A ", b"M4B "), "m4a"),
    **dict.fromkeys(
        (b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"MSNV", b"dash", b"qt  "),
        "mp4",
    ),
    **dict.fromkeys((b"3gp4", b"3gp5", b"3gp6", b"3g2a"), "mp4"),
}
_OGG_SOUND = (b"OpusHead", b"\x01vorbis", b"Speex   ", b"\x7fFLAC")


def kind_of(data: bytes) -> str | None:
    """jpeg, png, webp, heic, pdf, docx, ogg, mp3, m4a, amr, mp4 or webm; None for everything else.

    The first kilobytes suffice, but for docx, whose folder may name its document late: give it all you have.
    """
    for start, kind in _START:
        if data.startswith(start):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    if data[4:8] == b"ftyp":
        return _BRANDS.get(data[8:12])
    if data[:4] == b"OggS":
        return "ogg" if any(codec in data[:256] for codec in _OGG_SOUND) else None
    if data[:4] == b"\x1aE\xdf\xa3":
        return "webm" if b"webm" in data[:64] else None
    if data[:64].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"%PDF-"):
        return "pdf"
    if data[:4] == b"PK\x03\x04":
        return "docx" if b"[Content_Types].xml" in data and b"word/document.xml" in data else None
    return "mp3" if _is_mp3_frame(data[:4]) else None


def _is_mp3_frame(header: bytes) -> bool:
    """An MPEG audio frame, layer III, with a bit rate and a sample rate that exist (ISO 11172-3, 2.4.1.3)."""
    if len(header) < 4 or header[0] != 0xFF:
        return False
    version, layer = header[1] >> 3 & 3, header[1] >> 1 & 3
    bit_rate, sample_rate = header[2] >> 4, header[2] >> 2 & 3
    return header[1] >= 0xE0 and version != 1 and layer == 1 and bit_rate not in (0, 15) and sample_rate != 3
