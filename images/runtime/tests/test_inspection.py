import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from rehearsal_runtime.inspect_imports import LateImport, late_imports, own_modules
from rehearsal_runtime.inspect_requests import technical


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
