from __future__ import annotations

import unittest

from rehearsal_runtime.smoke_clients import form_values


class FormValues(unittest.TestCase):
    def test_are_those_that_a_browser_sends(self) -> None:
        html = """
            <form action="/logout/"><button type="submit" name="out">out</button></form>
            <form method="post"><input type="hidden" name="token" value="t"><input name="name" value="A &amp; B">
            <input type="checkbox" name="on" checked><input type="checkbox" name="off"><input type="file" name="photo">
            <input type="radio" name="kind" value="a"><input type="radio" name="kind" value="b" checked>
            <select name="state"><option value="x">x<option value="y" selected>y</select>
            <select name="first"><option value="1">1<option value="2">2</select>
            <select name="many" multiple><option value="1" selected>1<option value="2" selected>2</select>
            <select name="none" multiple><option value="1">1</select>
            <textarea name="text">some\nlines</textarea><input name="fixed" value="z" disabled>
            <input type="submit" name="_save" value="Save"><input type="submit" name="_continue"></form>"""
        self.assertEqual(
            form_values(html, "_save"),
            {
                "token": ["t"],
                "name": ["A & B"],
                "on": ["on"],
                "kind": ["b"],
                "state": ["y"],
                "first": ["1"],
                "many": ["1", "2"],
                "text": ["some\nlines"],
                "_save": ["1"],
            },
        )

    def test_are_none_without_the_button(self) -> None:
        self.assertIsNone(form_values('<form><input name="q"></form>', "_save"))


if __name__ == "__main__":
    unittest.main()
