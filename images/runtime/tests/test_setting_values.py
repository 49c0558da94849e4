from __future__ import annotations

import datetime
import unittest

from rehearsal_runtime import setting_values


class Read(unittest.TestCase):
    def test_takes_numbers_with_their_units(self) -> None:
        values = setting_values.read(
            {
                "PASSWORD_RESET_TIMEOUT": 259200,
                "LIFETIME": datetime.timedelta(days=1),
                "DATABASES": {"default": {"CONN_MAX_AGE": 60, "PORT": ""}},
                "REST_FRAMEWORK": {"DEFAULT_THROTTLE_RATES": {"anon": "120/min", "user": None}},
            }
        )
        self.assertEqual(
            values["numbers"],
            {
                "PASSWORD_RESET_TIMEOUT": 259200,
                "LIFETIME": 86400,
                "DATABASES.default.CONN_MAX_AGE": 60,
                "REST_FRAMEWORK.DEFAULT_THROTTLE_RATES.anon": 2,
            },
        )

    def test_takes_switches_and_classes(self) -> None:
        values = setting_values.read(
            {
                "DEBUG": False,
                "DATABASES": {"default": {"ATOMIC_REQUESTS": True}},
                "EMAIL_BACKEND": "logging.handlers.SMTPHandler",
                "MIDDLEWARE": ["logging.Filter", "nowhere.installed.Guard", "words"],
                "AUTH_PASSWORD_VALIDATORS": [{"NAME": "logging.Handler", "OPTIONS": {"min_length": 9}}],
                "TEMPLATES": [{"BACKEND": "string.Template", "OPTIONS": {"debug": False}}],
            }
        )
        self.assertEqual(
            values["switches"],
            {"DEBUG": False, "DATABASES.default.ATOMIC_REQUESTS": True, "TEMPLATES.0.OPTIONS.debug": False},
        )
        self.assertEqual(
            values["classes"],
            {
                "EMAIL_BACKEND": "logging.handlers.SMTPHandler",
                "AUTH_PASSWORD_VALIDATORS.0.NAME": "logging.Handler",
                "TEMPLATES.0.BACKEND": "string.Template",
            },
        )
        self.assertEqual(
            values["lists"], {"MIDDLEWARE": ["logging.Filter"], "AUTH_PASSWORD_VALIDATORS": ["logging.Handler"]}
        )

    def test_takes_no_secret(self) -> None:
        values = setting_values.read(
            {
                "SECRET_KEY": "logging.Handler",
                "PAYMENT_TOKEN": 123456,
                "DATABASES": {"default": {"PASSWORD": "logging.Handler", "HOST": "db.example.com"}},
            }
        )
        self.assertEqual([part for part in values.values() if part], [])


if __name__ == "__main__":
    unittest.main()
