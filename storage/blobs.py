"""The bytes of files, sealed, in a folder or in an S3-compatible store. Blocking: call it in a thread.

A file's key is association/aa/id, where aa are the id's last two hexadecimal digits.
"""

import os
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

from storage.vault import Vault, context

_PLACE = "blobs"


class Missing(LookupError):
    """There is no such file (any more)."""


class Place(Protocol):
    """Where sealed bytes are kept, by key."""

    def put(self, key: str, data: bytes) -> None: ...
    def get(self, key: str) -> bytes:
        """Raises Missing."""
        ...

    def delete(self, key: str) -> None:
        """Nothing happens where there is none."""
        ...


class Blobs:
    def __init__(self, place: Place, vault: Vault) -> None:
        self._place, self._vault = place, vault

    def put(self, association: str, id: int, data: bytes) -> None:
        """Durable when it returns."""
        self._place.put(_key(association, id), self._vault.seal(data, context(_PLACE, association, id)))

    def get(self, association: str, id: int) -> bytes:
        """Raises Missing, WrongKey, Tampered."""
        return self._vault.open(self._place.get(_key(association, id)), context(_PLACE, association, id))

    def delete(self, association: str, id: int) -> None:
        self._place.delete(_key(association, id))

    def reseal(self, association: str, id: int) -> bool:
        """Put the file under the newest key; False where it is already, or is gone."""
        try:
            sealed = self._place.get(_key(association, id))
        except Missing:
            return False
        if sealed.startswith(self._vault.prefix):
            return False
        self.put(association, id, self._vault.open(sealed, context(_PLACE, association, id)))
        return True


class Folder:
    """Files below a folder; each is whole or not there at all, whenever the machine stops."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def put(self, key: str, data: bytes) -> None:
        path = self._path / key
        path.parent.mkdir(parents=True, exist_ok=True)
        passing = path.with_name(f".{path.name}.{os.urandom(4).hex()}")
        try:
            with open(os.open(passing, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            passing.replace(path)
        except BaseException:
            passing.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)

    def get(self, key: str) -> bytes:
        try:
            return (self._path / key).read_bytes()
        except FileNotFoundError:
            raise Missing(key) from None

    def delete(self, key: str) -> None:
        (self._path / key).unlink(missing_ok=True)


class Bucket:
    """An S3-compatible bucket: `s3://bucket/prefix?endpoint=https://…&region=…`; credentials as boto3 finds them."""

    def __init__(self, url: str) -> None:
        import boto3

        parts = urlsplit(url)
        options = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self._bucket, self._prefix = parts.netloc, parts.path.strip("/")
        self._client: Any = boto3.client(
            "s3", endpoint_url=options.get("endpoint"), region_name=options.get("region", "us-east-1")
        )

    def put(self, key: str, data: bytes) -> None:
        self._client.put_object(Bucket=self._bucket, Key=self._name(key), Body=data)

    def get(self, key: str) -> bytes:
        try:
            data: bytes = self._client.get_object(Bucket=self._bucket, Key=self._name(key))["Body"].read()
        except self._client.exceptions.NoSuchKey:
            raise Missing(key) from None
        return data

    def delete(self, key: str) -> None:
        self._client.delete_object(Bucket=self._bucket, Key=self._name(key))

    def _name(self, key: str) -> str:
        return f"{self._prefix}/{key}" if self._prefix else key


def place(address: str) -> Place:
    """A folder's path, or s3://…"""
    return Bucket(address) if address.startswith("s3://") else Folder(Path(address))


def sync_folder(path: Path) -> None:
    """Make a rename or a new name in this folder durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _key(association: str, id: int) -> str:
    return f"{association}/{id & 0xFF:02x}/{id}"
