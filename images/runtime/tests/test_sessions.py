from __future__ import annotations

import sys
import unittest
from types import ModuleType, SimpleNamespace
from unittest import mock

from rehearsal_runtime import sessions


def module(name: str, **content: object) -> ModuleType:
    made = ModuleType(name)
    made.__dict__.update(content)
    return made


class Read(unittest.TestCase):
    def test_tells_where_the_token_of_forms_is_kept_and_sent(self) -> None:
        settings = SimpleNamespace(
            SESSION_ENGINE="db",
            SESSION_SERIALIZER="json",
            SESSION_COOKIE_NAME="sid",
            SESSION_COOKIE_AGE=60,
            CSRF_COOKIE_NAME="shop_token",
            CSRF_HEADER_NAME="HTTP_X_SHOP_TOKEN",
            INSTALLED_APPS=[],
            AUTHENTICATION_BACKENDS=[],
        )
        django = {
            "django": module("django"),
            "django.conf": module("django.conf", settings=settings),
            "django.contrib": module("django.contrib"),
            "django.contrib.auth": module("django.contrib.auth", get_user_model=None),
            "django.core": module("django.core"),
            "django.core.signing": module(
                "django.core.signing",
                BadSignature=ValueError,
                Signer=lambda salt: SimpleNamespace(sign=lambda text: f"{text}:signed"),
            ),
        }
        with mock.patch.dict(sys.modules, django):
            found = sessions.read()
        self.assertEqual(
            {name: found[name] for name in ("cookie", "csrfCookie", "csrfHeader")},
            {"cookie": "sid", "csrfCookie": "shop_token", "csrfHeader": "X-SHOP-TOKEN"},
        )


if __name__ == "__main__":
    unittest.main()
