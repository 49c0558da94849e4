from __future__ import annotations

import functools
import unittest
from typing import Any

import django
from django.conf import settings

if not settings.configured:
    settings.configure(INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"])
    django.setup()

from django.apps import apps as live_apps
from django.contrib.auth import models as auth_models
from django.contrib.auth.models import Group
from django.db import models
from rehearsal_runtime.lint_python import fixed_keys, live_models, words_in


def historical(apps: Any, schema_editor: Any) -> None:
    group = apps.get_model("auth", "Group")
    group.objects.filter(models.Q(name="x")).update(name=models.F("name"))


def global_name(apps: Any, schema_editor: Any) -> None:
    Group.objects.all().delete()


def through_its_module(apps: Any, schema_editor: Any) -> None:
    auth_models.Group.objects.all().delete()


def imported_inside(apps: Any, schema_editor: Any) -> None:
    from django.contrib.auth.models import Permission

    Permission.objects.all().delete()


def by_a_helper(apps: Any, schema_editor: Any) -> None:
    helper()


def helper() -> None:
    [group.delete() for group in Group.objects.all()]


def current_registry(apps: Any, schema_editor: Any) -> None:
    live_apps.get_model("auth", "Group").objects.all().delete()


def seeds(apps: Any, schema_editor: Any) -> None:
    group = apps.get_model("auth", "Group")
    group.objects.update_or_create(pk=1, defaults={"name": "staff"})
    group.objects.update_or_create(name="guests", defaults={"id": 2})
    for key in (3, 4):
        group.objects.update_or_create(id=key)


class FixedKeys(unittest.TestCase):
    def test_are_numbers_that_rows_are_created_under(self) -> None:
        self.assertEqual(fixed_keys(seeds), ["update_or_create(pk=1)"])
        self.assertEqual(fixed_keys(historical), [])
        self.assertEqual(fixed_keys(len), [])


class LiveModels(unittest.TestCase):
    def test_are_found_however_the_code_comes_by_them(self) -> None:
        group = "django.contrib.auth.models.Group"
        for code, expected in (
            (global_name, group),
            (through_its_module, group),
            (imported_inside, "django.contrib.auth.models.Permission"),
            (by_a_helper, group),
            (current_registry, "django.apps.apps"),
            (functools.partial(global_name, schema_editor=None), group),
        ):
            with self.subTest(code):
                self.assertEqual(live_models(code), [expected])

    def test_are_not_found_where_models_come_from_the_migration(self) -> None:
        self.assertEqual(live_models(historical), [])

    def test_the_models_that_a_migration_takes_can_be_read_from_its_code(self) -> None:
        self.assertLessEqual({"auth", "group"}, words_in(historical))


if __name__ == "__main__":
    unittest.main()
