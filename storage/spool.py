"""Webhook bodies kept while the database is away: sealed, synced, taken in afterwards in order.

A file of records, each its length, its checksum and its sealed bytes; beside it how much of the file is done. What was
appended survives the machine; a record may be handed out twice after a crash (intake recognises it), never lost.
One process at a time holds a spool.
"""

import fcntl
import os
import struct
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path

from storage.blobs import sync_folder
from storage.vault import Vault

_FRAME = struct.Struct(">II")
_DONE = struct.Struct(">QI")
_CONTEXT = b"spool"
_AT_MOST = 64


class SpoolInUse(Exception):
    """Another process holds this spool."""


class Spool:
    """Raises SpoolInUse. What a crash left half-written at the end (never confirmed to anybody) is set aside."""

    def __init__(self, path: Path, vault: Vault) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._vault, self._path = vault, path
        self._lock = threading.Lock()
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._file)
            raise SpoolInUse(path.name) from None
        self._done_file = os.open(path.with_suffix(".done"), os.O_RDWR | os.O_CREAT, 0o600)
        sync_folder(path.parent)
        self._end = self._whole_until()
        self._set_torn_aside()
        self._done = self._read_done()
        self._emptied = 0

    def __len__(self) -> int:
        """Bytes that wait."""
        return self._end - self._done

    def append(self, record: bytes) -> None:
        """Durable when it returns. Raises OSError (a full disk), and then keeps nothing of it."""
        sealed = self._vault.seal(record, _CONTEXT)
        frame = _FRAME.pack(len(sealed), zlib.crc32(sealed)) + sealed
        with self._lock:
            try:
                _write_at(self._file, frame, self._end)
                os.fsync(self._file)
            except OSError:
                os.ftruncate(self._file, self._end)
                raise
            self._end += len(frame)

    def waiting(self) -> Iterator[tuple[int, bytes]]:
        """Each waiting record in order, those appended meanwhile too, with what `done` takes once it is stored."""
        at, emptied = self._done, self._emptied
        while True:
            if emptied != self._emptied:
                at, emptied = 0, self._emptied
            if at >= self._end:
                return
            length, _ = _FRAME.unpack(os.pread(self._file, _FRAME.size, at))
            sealed = os.pread(self._file, length, at + _FRAME.size)
            at += _FRAME.size + length
            yield at, self._vault.open(sealed, _CONTEXT)

    def done(self, until: int) -> None:
        """Everything before `until` is stored. Once all is, the file is emptied."""
        with self._lock:
            if until < self._end:
                self._write_done(until)
                return
            # In this order: a crash between the two hands records out again, the other way round it would lose some.
            self._write_done(0)
            os.ftruncate(self._file, 0)
            os.fsync(self._file)
            self._end = 0
            self._emptied += 1

    def close(self) -> None:
        os.close(self._file)
        os.close(self._done_file)

    def _whole_until(self) -> int:
        size, at = os.fstat(self._file).st_size, 0
        while at + _FRAME.size <= size:
            length, checksum = _FRAME.unpack(os.pread(self._file, _FRAME.size, at))
            sealed = os.pread(self._file, length, at + _FRAME.size)
            if len(sealed) < length or zlib.crc32(sealed) != checksum:
                break
            at += _FRAME.size + length
        return at

    def _set_torn_aside(self) -> None:
        size = os.fstat(self._file).st_size
        if size > self._end:
            with open(self._path.with_suffix(".torn"), "ab") as torn:
                torn.write(os.pread(self._file, size - self._end, self._end))
            os.ftruncate(self._file, self._end)
            os.fsync(self._file)

    def _read_done(self) -> int:
        raw = os.pread(self._done_file, _DONE.size, 0)
        if len(raw) < _DONE.size:
            return 0
        done, checksum = _DONE.unpack(raw)
        return done if checksum == zlib.crc32(raw[:8]) and done <= self._end else 0

    def _write_done(self, until: int) -> None:
        raw = struct.pack(">Q", until)
        _write_at(self._done_file, raw + struct.pack(">I", zlib.crc32(raw)), 0)
        os.fsync(self._done_file)
        self._done = until


def spool_in(folder: Path, vault: Vault) -> Spool:
    """A spool of this process's own; one that a dead process left full comes first. Raises SpoolInUse for too many."""
    paths = [folder / f"spool-{number}" for number in range(_AT_MOST)]
    for path in sorted(paths, key=lambda path: not (path.exists() and path.stat().st_size)):
        try:
            return Spool(path, vault)
        except SpoolInUse:
            continue
    raise SpoolInUse(f"all {_AT_MOST} spools are held")


def _write_at(file: int, data: bytes, at: int) -> None:
    while data:
        written = os.pwrite(file, data, at)
        data, at = data[written:], at + written
