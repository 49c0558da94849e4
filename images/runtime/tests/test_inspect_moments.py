from __future__ import annotations

import datetime
import sys
import types
import unittest
from typing import Any
from unittest import mock

import django
from django.conf import settings

if not settings.configured:
    settings.configure(INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"])
    django.setup()

from django import forms
from django.core.validators import MaxValueValidator
from rehearsal_runtime import inspect_moments

NAME = "moments_of_a_shop"


class Read(unittest.TestCase):
    def found(self, **values: Any) -> list[str]:
        module = types.ModuleType(NAME)
        for name, value in values.items():
            if callable(value):
                value.__module__ = NAME
            setattr(module, name, value)
        with (
            mock.patch.dict(sys.modules, {NAME: module}),
            mock.patch.object(inspect_moments, "own_modules", lambda skipped: [(NAME, None)]),
        ):
            return inspect_moments.read([])

    def form(self, limit: Any) -> type[forms.Form]:
        class Remark(forms.Form):
            day = forms.DateField(validators=[MaxValueValidator(limit)], initial=limit)

        return Remark

    def test_finds_days_that_were_today_when_the_module_was_imported(self) -> None:
        self.assertEqual(
            self.found(Remark=self.form(datetime.date.today())),
            [f"{NAME}.Remark.day: initial", f"{NAME}.Remark.day: MaxValueValidator"],
        )

        def report(until: Any = datetime.datetime.now(datetime.timezone.utc)) -> None: ...

        self.assertEqual(self.found(report=report), [f"{NAME}.report: default of a parameter"])

    def test_lets_days_stand_that_somebody_has_written_there_or_that_are_asked_for(self) -> None:
        self.assertEqual(self.found(Remark=self.form(datetime.date(2001, 1, 1))), [])
        self.assertEqual(self.found(Remark=self.form(datetime.date.today)), [])
        self.assertEqual(self.found(STARTED=datetime.datetime.now()), [])


if __name__ == "__main__":
    unittest.main()
