"""Where files go that are stored in a rehearsal: nowhere that lasts, nor where those of the environment are."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

_MEMORY = {"BACKEND": "django.core.files.storage.InMemoryStorage"}


def confine() -> None:
    """Has the default storage keep files in this process, or, where it has paths, which code may ask for, in a folder that
    ``forgotten`` removes. What tells of files by their addresses goes on to tell the same.
    """
    from django.conf import settings
    from django.core.files.storage import FileSystemStorage, storages
    from django.test.utils import override_settings

    try:
        own = storages["default"]
    except Exception:
        # Whatever uses it is told.
        return
    if isinstance(own, FileSystemStorage):
        override_settings(MEDIA_ROOT=_folder()).enable()
        if own.location != _folder():
            # It was given one of its own.
            own.base_location = own.location = _folder()
    else:
        override_settings(STORAGES={**settings.STORAGES, "default": _MEMORY}).enable()
        storages["default"].url = own.url


@contextmanager
def forgotten() -> Iterator[None]:
    """Files that have been stored are gone at the end."""
    try:
        yield
    finally:
        shutil.rmtree(_folder(), ignore_errors=True)


def _folder() -> str:
    """One that is made with the first file, and goes with the last: pages are looked at for files that they leave."""
    return os.path.join(tempfile.gettempdir(), f"rehearsal-stored-{os.getpid()}")
