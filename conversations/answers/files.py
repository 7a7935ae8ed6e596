"""What the kinds that take files share: which kinds count as what, and the words for a refused file."""

from collections.abc import Mapping

DOCUMENT_KINDS = ("jpeg", "png", "webp", "heic", "pdf", "docx")
PHOTO_KINDS = ("jpeg", "png", "webp", "heic")
VOICE_KINDS = ("ogg", "mp3", "m4a", "amr", "mp4", "webm")
REFUSED: Mapping[str, str] = {
    "too_big": "file.too_big",
    "kind": "file.kind",
    "gone": "file.gone",
    "empty": "file.empty",
}
"""The words for each reason of FileRefused."""
