"""Certificate authorities: of the database's server, and of an environment's gateway for commands that speak to it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from .failure import Failure

#: What OpenSSL and with it Python and curl, requests, and Node read.
_VARIABLES = ("SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
#: The authorities that an image trusts, where distributions have them in one file.
_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")


def database_authority(bundles: tuple[str, ...] = _BUNDLES) -> None:
    """Has libpq verify the database's server with the authorities that the image trusts, where DATABASE_URL asks it to verify
    and nothing names others: by itself it looks for a file in the home directory alone, and without one connects to nobody.
    """
    asked = parse_qs(urlsplit(os.environ.get("DATABASE_URL", "")).query)
    # Where nothing is to be verified, a file makes libpq verify all the same.
    if not asked.get("sslmode", [""])[-1].startswith("verify-") or "sslrootcert" in asked:
        return
    bundle = next((path for path in bundles if Path(path).is_file()), None)
    if bundle is not None:
        os.environ.setdefault("PGSSLROOTCERT", bundle)


def base_url_authority() -> None:
    """Has the certificate in BASE_URL_AUTHORITY (PEM), where it is given, trusted by processes that are started after.

    :raises Failure: when the store that browsers read cannot be written.
    """
    certificate = os.environ.get("BASE_URL_AUTHORITY", "")
    if certificate == "":
        return
    with tempfile.NamedTemporaryFile("w", suffix=".pem", delete=False) as file:
        file.write(certificate)
    for name in _VARIABLES:
        os.environ.setdefault(name, file.name)
    # Who brings a browser to an image brings this as well, or the browser trusts nothing but public authorities.
    certutil = shutil.which("certutil")
    if certutil is not None:
        _trust_in_browsers(certutil, file.name)


def _trust_in_browsers(certutil: str, file: str) -> None:
    """Chromium reads no variable, but this store of its user."""
    store = Path.home() / ".pki" / "nssdb"
    store.mkdir(parents=True, exist_ok=True)
    for words in (["-N", "--empty-password"], ["-A", "-t", "C,,", "-n", "environment", "-i", file]):
        done = subprocess.run([certutil, "-d", f"sql:{store}", *words], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failure(f"certutil must write the store of authorities {store}; it says: {done.stderr.strip()}")
