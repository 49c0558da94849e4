"""Small pictures of the kinds that people upload: what takes one kind may not take another."""

from __future__ import annotations

import base64
import re
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: Of 32 by 32 points, the left half in one colour of its palette and the right half transparent.
_GIF = """
R0lGODlhIAAgAIEAADNmmcgyFAAAAAAAACH5BAEAAAAALAAAAAAgACAAQAhsAAMIHEiwYAAACBMqXAjAoMOBDCMmfPhQokSKDi1GxGhQI0OOBT0uBElQ
pEKSEE0iRClQ5UqWLhvCdMnyIM2ZKmvG1HkT5U6cJnnmBCpSaFCiHo0WRapRaVKmFp02hXqR6karH7GO1HqSa8KAADs=
"""
#: Of 32 by 32 points in one colour.
_JPEG = """
/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8UHRofHh0aHBwgJC4nICIsIxwcKDcpLDAxNDQ0Hyc5PTgyPC4z
NDL/2wBDAQkJCQwLDBgNDRgyIRwhMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjL/wAARCAAgACADASIAAhEB
AxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAb/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/8QAFQEBAQAAAAAAAAAAAAAAAAAAAAX/xAAUEQEAAAAAAAAAAAAA
AAAAAAAA/9oADAMBAAIRAxEAPwCcAXkQAAAAAB//2Q==
"""
_SIDE = 32
_ANY_PICTURE = "image/*"
#: A row of a set of forms by its number, or the pattern that browsers copy further rows from.
_ROW = re.compile(r"(.+)-(\d+|__prefix__)-[^-]+")


@dataclass(frozen=True)
class Picture:
    #: As the names of operations have it.
    called: str
    media_type: str
    ending: str
    content: bytes

    def is_taken_by(self, accept: str) -> bool:
        """Whether an input that asks for files of these kinds asks for pictures, this one among them."""
        return not {_ANY_PICTURE, self.media_type, self.ending}.isdisjoint(one.strip().lower() for one in accept.split(","))

    def as_files(self, inputs: Mapping[str, str]) -> dict[str, Any]:
        """It as a file under the name of each input, by what that accepts."""
        from django.core.files.uploadedfile import SimpleUploadedFile

        return {
            name: SimpleUploadedFile(f"rehearsal{self.ending}", self.content, self.media_type)
            for name, accept in inputs.items()
            if self.is_taken_by(accept)
        }


def _png() -> bytes:
    """Of points with red, green, blue and how opaque they are, which is more with each row."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    lines = b"".join(b"\0" + bytes((51, 102, 153, row * 8)) * _SIDE for row in range(_SIDE))
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 6, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


PICTURES = (
    Picture("a transparent PNG", "image/png", ".png", _png()),
    Picture("a palette GIF", "image/gif", ".gif", base64.b64decode(_GIF)),
    Picture("a JPEG", "image/jpeg", ".jpg", base64.b64decode(_JPEG)),
)


def pictures_for(inputs: Mapping[str, str] | None) -> list[Picture]:
    """Those that one of the inputs takes at least, by what it accepts."""
    return [picture for picture in PICTURES if any(map(picture.is_taken_by, (inputs or {}).values()))]


def is_for_pictures(accept: str) -> bool:
    """Whether an input for files asks for pictures."""
    return bool(pictures_for({"": accept}))


def of_rows_that_are(inputs: Mapping[str, str], values: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Inputs without those of rows that a form offers in addition: with a picture in one, all else in it must be given as well.

    :param values: of the form, by name
    """

    def is_offered(name: str) -> bool:
        row = _ROW.fullmatch(name)
        there = values.get(f"{row.group(1)}-INITIAL_FORMS") if row else None
        if row is None or not there:
            return False
        return not row.group(2).isdigit() or int(row.group(2)) >= int(there[0] or 0)

    return {name: accept for name, accept in inputs.items() if not is_offered(name)}
