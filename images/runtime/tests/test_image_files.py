from __future__ import annotations

import tempfile
import unittest
from pathlib import Path
from unittest import mock

from rehearsal_runtime import image_files, inspect_files


class ListedTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        for name in ("manage.py", "shop/tests/test_shop.py", "shop/fixtures/tags.json", "shop/__pycache__/a.pyc"):
            self.write(name)

    def write(self, name: str, text: str = "") -> None:
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def test_are_files_of_the_project_without_what_tools_make(self) -> None:
        for name in (".git/config", "node_modules/a/index.js", "env/pyvenv.cfg", "env/lib/a.py"):
            self.write(name)
        self.assertEqual(
            image_files.listed(self.root), ["manage.py", "shop/fixtures/tags.json", "shop/tests/test_shop.py"]
        )

    def test_hold_one_that_is_asked_for_wherever_it_lies(self) -> None:
        self.write(".deploy/gunicorn.py")
        asked = [".deploy/gunicorn.py", "gone.py", "manage.py"]
        found = image_files.listed(self.root, asked)
        assert found is not None
        self.assertEqual([name for name in found if name in asked], [".deploy/gunicorn.py", "manage.py"])

    def test_are_not_told_of_a_whole_file_system_or_of_too_many(self) -> None:
        self.assertIsNone(image_files.listed(Path("/")))
        with mock.patch.object(inspect_files, "FILES_LIMIT", 3):
            self.assertIsNone(image_files.listed(self.root))

    def test_are_read_where_they_are_there(self) -> None:
        self.write("gunicorn.conf.py", "workers = 3\n")
        self.assertEqual(image_files.text(self.root / "gunicorn.conf.py"), "workers = 3\n")
        self.assertIsNone(image_files.text(self.root / "gone.conf.py"))


if __name__ == "__main__":
    unittest.main()
