import ast
import os
import tempfile
import textwrap
import unittest
from pathlib import Path
from unittest import mock

from rehearsal_runtime import preflight
from rehearsal_runtime.variable_reads import readers, reads

HELPERS = """
    import os

    def required(name):
        value = os.environ.get(name, "").strip()
        if not value:
            raise ImproperlyConfigured(name)
        return value

    def variable(name, default=None):
        try:
            return os.environ[name]
        except KeyError:
            if default is not None:
                return default
            raise ImproperlyConfigured(name)

    def plain(name):
        return os.environ[name]

    def boolean(name, default=False):
        value = os.environ.get(name)
        if value is None:
            return default
        raise ImproperlyConfigured(name)

    def text(name, default=""):
        return os.environ.get(name, "") or default
"""


def found(source: str, **others: str) -> dict[str, bool]:
    """Variables that a module reads, with whether that is certain."""
    modules = {"shop.views": source, **{f"shop.{name}": text for name, text in others.items()}}
    trees = {name: ast.parse(textwrap.dedent(text)) for name, text in modules.items()}
    known = readers(trees.items())
    return {read.variable: read.certain for read in reads("shop.views", trees["shop.views"], known)}


class ReadsTest(unittest.TestCase):
    def test_are_those_of_python_itself(self) -> None:
        source = """
            import os
            from os import environ, getenv
            A = os.environ["A"]
            def pay():
                return environ["B"] + os.getenv("C") + int(getenv("D"))
            def ask():
                return os.environ.get("E").split(",")
            def start():
                if not os.environ.get("F"):
                    raise RuntimeError("F")
                if "G" not in os.environ:
                    raise RuntimeError("G")
        """
        self.assertEqual(found(source), dict.fromkeys("ABCDEFG", True))

    def test_are_none_where_there_is_a_default_or_a_missing_one_is_expected(self) -> None:
        source = """
            import os
            A = os.environ.get("A", "")
            B = os.getenv("B")
            os.environ.setdefault("C", "1")
            os.environ["D"] = "2"
            E = os.environ["C"] + os.environ["D"]
            try:
                F = os.environ["F"]
            except KeyError:
                F = None
            if settings.DEBUG:
                G = os.environ["G"]
            H = os.environ.get("H") or "none"
        """
        self.assertEqual(found(source), {})

    def test_are_not_certain_under_a_condition(self) -> None:
        source = """
            import os
            def store():
                if settings.USE_BUCKET:
                    return os.environ["A"]
                if "B" in os.environ:
                    return os.environ["B"]
                return settings.OTHER and os.environ["C"]
        """
        self.assertEqual(found(source), dict.fromkeys("ABC", False))

    def test_are_certain_where_the_failure_is_only_told_in_other_words(self) -> None:
        source = """
            import os
            try:
                A = os.environ["A"]
            except KeyError as error:
                raise ImproperlyConfigured("A") from error
        """
        self.assertEqual(found(source), {"A": True})

    def test_are_those_of_libraries(self) -> None:
        source = """
            import environ
            from decouple import config
            from shop.conf import env
            A = env("A")
            B = env.int("B")
            C = env("C", int)
            D = config("D", cast=bool)
            with env.prefixed("MAIL_"):
                HOST = env.str("HOST")
            none = [env("E", default=None), env.bool("F", False), config("G", default=""), config("H", "x"), env("I"), env.read_env("J")]
        """
        conf = "import environ\nenv = environ.Env(I=(bool, False))"
        self.assertEqual(found(source, conf=conf), dict.fromkeys(["A", "B", "C", "D", "MAIL_HOST"], True))

    def test_are_those_of_the_project_s_own_functions(self) -> None:
        source = """
            from shop import helpers
            from shop.helpers import required as must, text
            from elsewhere import plain
            A = must("A")
            B = helpers.variable("B")
            C = helpers.plain("C")
            none = [helpers.variable("D", "x"), helpers.boolean("E"), text("F"), helpers.text("G"), plain("H")]
        """
        self.assertEqual(found(source, helpers=HELPERS), dict.fromkeys("ABC", True))


class MissingVariablesTest(unittest.TestCase):
    def missing(self, commands: list[str]) -> dict[str, bool]:
        with tempfile.TemporaryDirectory() as folder:
            work = Path(folder, "work.py")
            work.write_text('import os\nA = os.environ["GIVEN"]\ndef a():\n    return os.environ["ABSENT"]\n')
            command = Path(folder, "ingest.py")
            command.write_text('import os\ndef b():\n    return os.environ["OF_COMMAND"]\n')
            modules = [("shop.work", work), ("shop.management.commands.ingest", command)]
            with mock.patch.object(preflight, "own_modules", lambda _: modules), mock.patch.dict(os.environ, {"GIVEN": "1"}):
                return {one["variable"]: one["certain"] for one in preflight.missing_variables(commands, [])}

    def test_are_those_that_are_not_given(self) -> None:
        self.assertEqual(self.missing([]), {"ABSENT": True, "OF_COMMAND": False})

    def test_of_a_command_count_where_it_is_run(self) -> None:
        self.assertEqual(self.missing(["python", "manage.py", "ingest"]), {"ABSENT": True, "OF_COMMAND": True})


class UnknownTest(unittest.TestCase):
    def test_tells_a_database_that_is_ahead_from_an_older_history(self) -> None:
        applied = [("shop", "0001_initial"), ("shop", "0002_other"), ("shop", "0003_price"), ("shop", "0004_hotfix"), ("gone", "0001_x")]
        known = {("shop", "0001_initial"), ("shop", "0003_price"), ("shop", "0004_next")}
        self.assertEqual(
            preflight.unknown(applied, known, set()),
            [{"migration": "shop.0002_other", "ahead": False}, {"migration": "shop.0004_hotfix", "ahead": True}],
        )

    def test_leaves_out_what_was_squashed(self) -> None:
        applied = [("shop", "0001_initial"), ("shop", "0002_name"), ("shop", "0003_price"), ("shop", "0001_squashed_0002_name")]
        self.assertEqual(preflight.unknown(applied, {("shop", "0001_squashed_0002_name"), ("shop", "0003_price")}, set()), [])
        self.assertEqual(preflight.unknown(applied[:2], {("shop", "0001_all")}, set(applied)), [])


if __name__ == "__main__":
    unittest.main()
