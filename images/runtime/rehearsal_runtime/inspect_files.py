"""What lies in a project's folder that should not, and what should and does not."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

READ_BYTES = 65_536
FILES_LIMIT = 20_000
#: Neither the project's own, nor in a release's way: keys that tests are made with are no secrets.
LEFT_OUT = {"node_modules", "site-packages", "__pycache__", "tests", "test", "testdata", "fixtures"}

_PRIVATE_KEY = re.compile(rb"^-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----", re.MULTILINE)
_ASSIGNED = re.compile(
    rb"^\s*(?:export\s+)?(\w*(?:SECRET|PASSWORD|PASSWD|TOKEN|API_?KEY|PRIVATE_?KEY|DATABASE_URL)\w*)\s*=\s*['\"]?[^\s'\"#]",
    re.MULTILINE | re.IGNORECASE,
)
_EXAMPLE = re.compile(r"example|sample|template|dist", re.IGNORECASE)
#: Files that hold nothing but what is secret.
_CREDENTIALS = {".netrc", ".pgpass", "id_rsa", "id_ecdsa", "id_ed25519", ".git-credentials", ".htpasswd"}


def secrets(folder: Path | None = None) -> list[str]:
    """A line for each file below ``folder`` (the working directory) that holds a secret: its path and what it holds."""
    root = folder or Path.cwd()
    found = []
    for file in files_below(root):
        what = _secret(file)
        if what is not None:
            found.append(f"{file.relative_to(root)}: {what}")
    return sorted(found)


def untranslated(folder: Path | None = None) -> list[str]:
    """The catalogues of translations (``.po``) that were not compiled: users see the untranslated text."""
    root = folder or Path.cwd()
    return sorted(
        str(file.relative_to(root))
        for file in files_below(root)
        if file.suffix == ".po" and file.parent.name == "LC_MESSAGES" and not file.with_suffix(".mo").exists()
    )


def files_below(root: Path, skips: Callable[[str], bool] = LEFT_OUT.__contains__) -> Iterator[Path]:
    """The files below a folder, FILES_LIMIT at most; ``skips`` says of a folder's name whether it is left out."""
    count = 0
    for folder, folders, names in os.walk(root):
        # A virtual environment says so itself, whatever its name is.
        folders[:] = [name for name in folders if not skips(name) and not Path(folder, name, "pyvenv.cfg").exists()]
        for name in names:
            count += 1
            if count > FILES_LIMIT:
                return
            yield Path(folder, name)


def _secret(file: Path) -> str | None:
    name = file.name
    if name in _CREDENTIALS:
        return "credentials"
    environment = (name == ".env" or name.startswith(".env.") or name.endswith(".env")) and not _EXAMPLE.search(name)
    if not environment and file.suffix not in {".pem", ".key"}:
        return None
    try:
        with file.open("rb") as opened:
            text = opened.read(READ_BYTES)
    except OSError:
        return None
    if _PRIVATE_KEY.search(text):
        return "a private key"
    assigned = _ASSIGNED.search(text) if environment else None
    return f"a value of {assigned.group(1).decode()}" if assigned else None
