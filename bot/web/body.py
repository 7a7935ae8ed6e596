"""Bodies of requests, read with a limit and never written to disk in the clear."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from bot.channels.contract import Unparseable

TYPED = 256 * 1024
"""Bytes of all that is typed in one form, however large its files: what is typed is heard, and that takes time."""
VALUE = 32 * 1024
"""Bytes of one value beside files."""
IN_MEMORY = 256 * 1024 * 1024
"""Bytes of uploads that may be on their way in one process at once."""


class TooBig(Exception):
    """The body is larger than its limit (413)."""


class Busy(Exception):
    """Too many uploads at once (503, try again)."""


class _Arriving:
    """Bytes held in memory by uploads that are on their way."""

    held = 0


@dataclass(frozen=True, slots=True)
class Upload:
    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Posted:
    """A submitted form: fields in order (a name may come twice), and files by field."""

    fields: Sequence[tuple[str, str]]
    files: Sequence[tuple[str, Upload]] = ()

    def get(self, name: str, otherwise: str = "") -> str:
        return next((value for key, value in self.fields if key == name), otherwise)

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.fields if key == name]

    def uploads(self, name: str) -> list[Upload]:
        return [upload for key, upload in self.files if key == name]


async def read(request: Request, limit: int) -> bytes:
    """Raises TooBig."""
    return b"".join([chunk async for chunk in _limited(request, limit)])


async def posted(request: Request, limit: int, most_files: int = 0) -> Posted:
    """A form as browsers submit it, plain or multipart. Raises TooBig, Busy, Unparseable."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        try:
            text = (await read(request, min(limit, TYPED))).decode()
            return Posted(parse_qsl(text, keep_blank_values=True, max_num_fields=400))
        except ValueError as error:
            raise Unparseable("no form") from error
    async with aclosing(_counted(request, limit)) as stream:
        parser = MultiPartParser(request.headers, stream, max_files=most_files, max_fields=400, max_part_size=VALUE)
        parser.spool_max_size = limit + 1  # what people upload must not touch the disk before it is sealed
        try:
            form = await parser.parse()
        except (MultiPartException, KeyError) as error:
            raise Unparseable("no form") from error
    fields: list[tuple[str, str]] = []
    files: list[tuple[str, Upload]] = []
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            data = await value.read()
            if data or value.filename:
                files.append((name, Upload(_base_name(value.filename or ""), data)))
            await value.close()
        else:
            fields.append((name, value))
    if sum(len(value.encode()) for _, value in fields) > TYPED:
        raise TooBig
    return Posted(fields, files)


def _base_name(name: str) -> str:
    """The last part of a path, without control characters, at most 120 characters."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(letter for letter in last if letter.isprintable())[-120:].strip()


async def _limited(request: Request, limit: int) -> AsyncGenerator[bytes]:
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise TooBig
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise TooBig
        yield chunk


async def _counted(request: Request, limit: int) -> AsyncGenerator[bytes]:
    """As `_limited`, while all that is on its way stays within IN_MEMORY."""
    mine = 0
    try:
        async for chunk in _limited(request, limit):
            if _Arriving.held + len(chunk) > IN_MEMORY:
                raise Busy
            _Arriving.held += len(chunk)
            mine += len(chunk)
            yield chunk
    finally:
        _Arriving.held -= mine
