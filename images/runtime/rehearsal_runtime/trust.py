"""The certificate authority of an environment's gateway, for commands that speak to it."""

from __future__ import annotations

import os
import tempfile

#: What OpenSSL and with it Python and curl, requests, and Node read.
_VARIABLES = ("SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")


def base_url_authority() -> None:
    """Has the certificate in BASE_URL_AUTHORITY (PEM), where it is given, trusted by processes that are started after."""
    certificate = os.environ.get("BASE_URL_AUTHORITY", "")
    if certificate == "":
        return
    with tempfile.NamedTemporaryFile("w", suffix=".pem", delete=False) as file:
        file.write(certificate)
    for name in _VARIABLES:
        os.environ.setdefault(name, file.name)
