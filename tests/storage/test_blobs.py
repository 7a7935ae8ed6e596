"""The bytes of files: sealed, whole or not there, in a folder and in an S3-compatible store."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from storage.blobs import Blobs, Bucket, Folder, Missing, Place, place
from storage.vault import Tampered, Vault, generate_key

KEY, NEWER, INDEX = generate_key(), generate_key(), generate_key()


class _Store(BaseHTTPRequestHandler):
    """As much of S3 as is used: put, get and delete by path."""

    kept: dict[str, bytes]
    protocol_version = "HTTP/1.1"  # answers "Expect: 100-continue", which the client would wait a second for

    def do_PUT(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        if "aws-chunked" in self.headers.get("Content-Encoding", ""):
            data = _unchunked(data)
        self.kept[self.path] = data
        self._answer(200, b"")

    def do_GET(self) -> None:
        if self.path in self.kept:
            return self._answer(200, self.kept[self.path])
        return self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")

    def do_DELETE(self) -> None:
        self.kept.pop(self.path, None)
        self._answer(204, b"")

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def _unchunked(data: bytes) -> bytes:
    whole = b""
    while data:
        head, data = data.split(b"\r\n", 1)
        size = int(head.split(b";")[0], 16)
        if size == 0:
            break
        whole, data = whole + data[:size], data[size + 2 :]
    return whole


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, dict[str, bytes]]]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    kept: dict[str, bytes] = {}
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Store", (_Store,), {"kept": kept}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"s3://wasl/files?endpoint=http://127.0.0.1:{server.server_address[1]}", kept
    server.shutdown()
    server.server_close()


@pytest.fixture(params=["folder", "bucket"])
def kept_at(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "folder":
        return place(str(tmp_path / "files"))
    return place(request.getfixturevalue("bucket")[0])


def test_what_was_put_is_got_until_it_is_deleted(kept_at: Place) -> None:
    blobs = Blobs(kept_at, Vault([KEY], INDEX))
    blobs.put("harif", 7, b"%PDF" * 1000)
    blobs.put("harif", 8, b"")
    assert blobs.get("harif", 7) == b"%PDF" * 1000
    assert blobs.get("harif", 8) == b""
    blobs.put("harif", 7, b"again")
    assert blobs.get("harif", 7) == b"again"
    for _ in range(2):
        blobs.delete("harif", 7)
    for association, id in (("harif", 7), ("ruhama", 8)):
        with pytest.raises(Missing):
            blobs.get(association, id)


def test_files_are_put_under_the_newest_key_once(kept_at: Place) -> None:
    Blobs(kept_at, Vault([KEY], INDEX)).put("harif", 7, b"x")
    rotating = Blobs(kept_at, Vault([NEWER, KEY], INDEX))
    assert [rotating.reseal("harif", id) for id in (7, 7, 8)] == [True, False, False]
    assert Blobs(kept_at, Vault([NEWER], INDEX)).get("harif", 7) == b"x"


def test_a_folder_holds_sealed_files_that_do_not_open_elsewhere(tmp_path: Path) -> None:
    blobs = Blobs(Folder(tmp_path), Vault([KEY], INDEX))
    blobs.put("harif", 0x1AB, b"secret content")
    path = tmp_path / "harif" / "ab" / str(0x1AB)
    assert b"secret" not in path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0
    path.rename(path.with_name("1"))
    path.with_name("1").rename(tmp_path / "harif" / "ab" / str(0x2AB))
    with pytest.raises(Tampered):
        blobs.get("harif", 0x2AB)


def test_a_full_disk_leaves_nothing_and_keeps_what_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blobs = Blobs(Folder(tmp_path), Vault([KEY], INDEX))
    blobs.put("harif", 7, b"before")

    def full(_file: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        with pytest.raises(OSError, match="No space"):
            blobs.put("harif", 7, b"after")
    assert blobs.get("harif", 7) == b"before"
    assert [path.name for path in (tmp_path / "harif" / "07").iterdir()] == ["7"]


def test_a_bucket_keeps_them_below_its_prefix(bucket: tuple[str, dict[str, bytes]]) -> None:
    assert isinstance(place(bucket[0]), Bucket)
    Blobs(place(bucket[0]), Vault([KEY], INDEX)).put("harif", 7, b"secret")
    ((path, data),) = bucket[1].items()
    assert path == "/wasl/files/harif/07/7"
    assert b"secret" not in data
