from __future__ import annotations

import contextlib
import io
import json
import tempfile
import unittest
from pathlib import Path

from rehearsal_runtime import vary_input


class VaryInput(unittest.TestCase):
    def varied(self, name: str, text: str) -> str:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.write_bytes(text.encode())
            with contextlib.redirect_stdout(io.StringIO()):
                self.assertEqual(vary_input.run(folder), 0)
            return path.read_bytes().decode()

    def test_rows_are_saved_as_a_spreadsheet_does_and_the_last_one_is_corrected(self) -> None:
        self.assertEqual(self.varied("a.csv", "code,wind,note\nSEA,4.5,a\nJFK,3.0,b\n"), "\ufeffcode,wind,note\r\nSEA,4.5,a\r\nJFK,4.0,b\r\n")
        self.assertEqual(self.varied("a.tsv", "code\tmiles\nSEA\t-7\n"), "\ufeffcode\tmiles\r\nSEA\t-6\r\n")
        # A head alone is no row.
        self.assertEqual(self.varied("a.csv", "code,2001\n"), "\ufeffcode,2001\r\n")

    def test_records_keep_their_form(self) -> None:
        records = [{"id": 1, "delay": 5, "late": True}, {"id": 2, "delay": 6, "late": False}]
        expected = [records[0], {"id": 2, "delay": 7, "late": False}]
        self.assertEqual(json.loads(self.varied("a.json", json.dumps(records))), expected)
        self.assertEqual(json.loads(self.varied("a.json", json.dumps({"rows": records}))), {"rows": expected})
        text = "".join(f"{json.dumps(record)}\n" for record in records)
        self.assertEqual([json.loads(line) for line in self.varied("a.jsonl", text).splitlines()], expected)

    def test_what_is_of_another_kind_stays(self) -> None:
        for name, text in (("a.txt", "a 1\n"), ("a.json", "no json"), ("a.json", "[]"), ("README", "1\n")):
            with self.subTest(name):
                self.assertEqual(self.varied(name, text).strip(), text.strip())


if __name__ == "__main__":
    unittest.main()
