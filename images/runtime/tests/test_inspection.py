import sys
import tempfile
import unittest
from importlib import metadata
from pathlib import Path
from unittest import mock

from rehearsal_runtime import inspect_files
from rehearsal_runtime.inspect_compiled import problems
from rehearsal_runtime.inspect_imports import LateImport, late_imports, own_modules
from rehearsal_runtime.inspect_requests import technical


class FilesTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def write(self, name: str, text: str) -> None:
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def test_with_secrets_are_named_with_what_they_hold(self) -> None:
        key = "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n"
        self.write(".env", "DEBUG=1\nDJANGO_SECRET_KEY='abc'\n")
        self.write("shop/server.pem", key)
        self.write("home/.netrc", "machine x login y password z")
        self.assertEqual(
            inspect_files.secrets(self.root),
            [".env: a value of DJANGO_SECRET_KEY", "home/.netrc: credentials", "shop/server.pem: a private key"],
        )

    def test_without_secrets_are_left_alone(self) -> None:
        key = "-----BEGIN PRIVATE KEY-----\nMIIE\n"
        self.write(".env.example", "DJANGO_SECRET_KEY=change-me\n")
        self.write(".env", "DEBUG=1\nDJANGO_SECRET_KEY=\n")
        self.write("ca.pem", "-----BEGIN CERTIFICATE-----\nMIIE\n")
        self.write("shop/tests/key.pem", key)
        self.write("venv/pyvenv.cfg", "")
        self.write("venv/lib/key.pem", key)
        self.assertEqual(inspect_files.secrets(self.root), [])

    def test_of_translations_are_compiled(self) -> None:
        for language in ("de", "fr"):
            self.write(f"shop/locale/{language}/LC_MESSAGES/django.po", "")
        self.write("shop/locale/fr/LC_MESSAGES/django.mo", "")
        self.assertEqual(inspect_files.untranslated(self.root), ["shop/locale/de/LC_MESSAGES/django.po"])


class LateImportsTest(unittest.TestCase):
    def test_are_those_inside_of_functions(self) -> None:
        source = "\n".join(
            [
                "import os",
                "class A:",
                "    import json",
                "    def a(self):",
                "        from . import views",
                "        import a.b, c",
                "async def b():",
                "    from ..other import d as e, f",
                "    from g import *",
            ]
        )
        self.assertEqual(
            late_imports(source, "shop.api"),
            [
                LateImport("shop.api", "views", 5),
                LateImport("a.b", "", 6),
                LateImport("c", "", 6),
                LateImport("shop.other", "d", 8),
                LateImport("shop.other", "f", 8),
                LateImport("g", "", 9),
            ],
        )

    def test_leave_out_what_may_fail_or_is_for_another_place(self) -> None:
        source = "\n".join(
            [
                "def a():",
                "    try:",
                "        import uvloop",
                "    except ImportError:",
                "        import fallback",
                "    if TYPE_CHECKING:",
                "        import types_only",
                "    if sys.platform == 'win32':",
                "        import winreg",
                "    if settings.DEBUG:",
                "        import debug_toolbar",
                "    try:",
                "        import needed",
                "    except ValueError:",
                "        pass",
            ]
        )
        self.assertEqual([late.module for late in late_imports(source, "shop")], ["fallback", "needed"])


    def test_are_those_too_that_a_call_names_in_full(self) -> None:
        source = "\n".join(
            [
                "importlib.import_module('at.the.start')",
                "def a(name):",
                "    importlib.import_module('a.b')",
                "    import_module(name)",
                "    __import__('c')",
                "    return import_string('d.e.F')",
                "    importlib.import_module('.relative', __package__)",
            ]
        )
        self.assertEqual(
            late_imports(source, "shop"), [LateImport("a.b", "", 3), LateImport("c", "", 5), LateImport("d.e", "F", 6)]
        )


class CompiledModulesTest(unittest.TestCase):
    def test_are_missed_where_they_were_installed(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            found = problems([("shop", self.distribution(folder, ["shop/_fast.abi3.so", "shop/views.py"]))])
        self.assertEqual(found, ["shop 1.0 lacks shop/_fast.abi3.so: it was installed with it"])

    def test_are_loaded_but_for_libraries_beside_them(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            for name in ("_fast.abi3.so", "libother.abi3.so"):
                Path(folder, name).write_bytes(b"no library")
            found = problems([("shop", self.distribution(folder, ["_fast.abi3.so", "libother.abi3.so"]))])
        self.assertEqual(len(found), 1)
        self.assertIn("shop: ", found[0])
        self.assertIn("_fast.abi3.so", found[0])

    def test_of_an_unknown_package_are_passed_over(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(problems([("shop", self.distribution(folder, None))]), [])

    def distribution(self, folder: str, files: list[str] | None) -> metadata.Distribution:
        information = Path(folder, "shop-1.0.dist-info")
        information.mkdir()
        (information / "METADATA").write_text("Name: shop\nVersion: 1.0\n")
        if files is not None:
            (information / "RECORD").write_text("".join(f"{name},,\n" for name in files))
        return metadata.Distribution.at(information)


class OwnModulesTest(unittest.TestCase):
    def test_are_those_that_the_running_system_may_import(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder) / "shop"
            for name in (
                "__init__.py",
                "views.py",
                "test_views.py",
                "conftest.py",
                "factories.py",
                "not-a-module.py",
                "demo/__init__.py",
                "demo/load.py",
                "management/__init__.py",
                "management/commands/__init__.py",
                "management/commands/import_all.py",
                "migrations/__init__.py",
                "migrations/0001_initial.py",
                "settings/__init__.py",
                "settings/local.py",
                "tests/__init__.py",
                "tests/test_all.py",
                "no_package/lost.py",
            ):
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("")
            (root / "script.py").write_text("#!/usr/bin/env python3\n")
            package = mock.Mock(__path__=[str(root)])
            with (
                mock.patch("rehearsal_runtime.inspect_imports._own_packages", return_value={"shop"}),
                mock.patch.dict(sys.modules, {"shop": package}),
            ):
                names = [name for name, _ in own_modules(["shop.demo"])]
        self.assertEqual(
            names,
            ["shop", "shop.management", "shop.management.commands", "shop.management.commands.import_all", "shop.views"],
        )


class TechnicalPageTest(unittest.TestCase):
    def test_is_told_from_a_plain_one(self) -> None:
        shown = "<p>You're seeing this error because you have <code>DEBUG = True</code> in your Django settings file."
        self.assertTrue(technical(shown))
        self.assertTrue(technical("<p>Using the URLconf defined in <code>shop.urls</code>, Django tried"))
        self.assertFalse(technical("<h1>Bad Request (400)</h1>"))
        self.assertFalse(technical("<title>Debugging at work</title><p>How to turn DEBUG off"))


if __name__ == "__main__":
    unittest.main()
