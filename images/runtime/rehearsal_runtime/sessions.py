"""What visitors' sessions and links in mails depend on, so that two releases can be compared."""

from __future__ import annotations

import os
from typing import Any

SALT = "rehearsal.sessions"
SIGNED = "signed by a release"


def read() -> dict[str, Any]:
    """``signature`` is of a fixed text, under the release's SECRET_KEY. SETTINGS_SIGNATURE is one that the release before
    made: ``honours`` says whether this release takes it, by its own key or one of SECRET_KEY_FALLBACKS; null without one.
    """
    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.core.signing import BadSignature, Signer

    signer = Signer(salt=SALT)
    earlier = os.environ.get("SETTINGS_SIGNATURE", "")
    honours = None
    if earlier:
        try:
            honours = signer.unsign(earlier) == SIGNED
        except BadSignature:
            honours = False
    return {
        "signature": signer.sign(SIGNED),
        "honours": honours,
        "engine": settings.SESSION_ENGINE,
        "serializer": settings.SESSION_SERIALIZER,
        "cookie": settings.SESSION_COOKIE_NAME,
        "age": settings.SESSION_COOKIE_AGE,
        "csrfCookie": settings.CSRF_COOKIE_NAME,
        # As scripts send it, and not as WSGI hands it on.
        "csrfHeader": settings.CSRF_HEADER_NAME.removeprefix("HTTP_").replace("_", "-"),
        "userModel": get_user_model()._meta.label if "django.contrib.auth" in settings.INSTALLED_APPS else "",
        "backends": list(settings.AUTHENTICATION_BACKENDS),
    }
