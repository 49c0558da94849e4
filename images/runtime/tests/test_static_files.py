from __future__ import annotations

import gzip
import tempfile
import unittest
from pathlib import Path

from rehearsal_runtime import static_files


class Compress(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = Path(directory.name)

    def test_compresses_text_that_gains_by_it_and_nothing_else(self) -> None:
        (self.root / "admin").mkdir()
        (self.root / "admin" / "large.css").write_bytes(b"a{}" * 1000)
        (self.root / "small.css").write_bytes(b"a{}")
        (self.root / "photo.jpg").write_bytes(b"a" * 5000)
        self.assertEqual(static_files.compress(self.root), 1)
        self.assertEqual([path.name for path in self.root.rglob("*.gz")], ["large.css.gz"])
        packed = (self.root / "admin" / "large.css.gz").read_bytes()
        self.assertEqual(gzip.decompress(packed), b"a{}" * 1000)

    def test_writes_the_same_bytes_each_time(self) -> None:
        (self.root / "page.js").write_bytes(b"let a;" * 1000)
        static_files.compress(self.root)
        first = (self.root / "page.js.gz").read_bytes()
        static_files.compress(self.root)
        self.assertEqual((self.root / "page.js.gz").read_bytes(), first)


if __name__ == "__main__":
    unittest.main()
