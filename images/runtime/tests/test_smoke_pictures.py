"""Pictures that are uploaded, and the inputs that ask for them."""

from __future__ import annotations

import struct
import unittest
import zlib
from types import SimpleNamespace
from typing import Any
from unittest import mock

from rehearsal_runtime import smoke_clients, smoke_forms
from rehearsal_runtime.smoke_forms import SHOWN_AGAIN
from rehearsal_runtime.smoke_mail import Mail
from rehearsal_runtime.smoke_operation import Operation, Outcome, Refused
from rehearsal_runtime.smoke_pictures import PICTURES, Picture, is_for_pictures, of_rows_that_are, pictures_for

PNG, GIF, JPEG = PICTURES
KINDS = ["a transparent PNG", "a palette GIF", "a JPEG"]


def as_files(self: Picture, inputs: dict[str, str]) -> dict[str, str]:
    """Without Django's files."""
    return {name: self.called for name, accept in inputs.items() if self.is_taken_by(accept)}


class Kinds(unittest.TestCase):
    def test_are_what_they_say(self) -> None:
        width, height, depth, colours = struct.unpack(">IIBB", PNG.content[16:26])
        self.assertEqual((width, height, depth, colours), (32, 32, 8, 6))
        data = PNG.content[PNG.content.index(b"IDAT") + 4 : PNG.content.index(b"IEND") - 8]
        self.assertEqual(len({line[4] for line in _lines(zlib.decompress(data))}), 32)
        self.assertEqual(GIF.content[:6], b"GIF89a")
        self.assertEqual(struct.unpack("<HH", GIF.content[6:10]), (32, 32))
        self.assertTrue(GIF.content[10] & 0x80, "it has a palette")
        self.assertEqual((JPEG.content[:3], JPEG.content[-2:]), (b"\xff\xd8\xff", b"\xff\xd9"))

    def test_are_those_that_an_input_accepts(self) -> None:
        def called(accept: str) -> list[str]:
            return [picture.called for picture in pictures_for({"photo": accept})]

        self.assertEqual(called("image/*"), KINDS)
        self.assertEqual(called("image/png, image/jpeg"), [KINDS[0], KINDS[2]])
        self.assertEqual(called(".GIF"), [KINDS[1]])
        for accept in ("", "application/pdf", "image/svg+xml"):
            self.assertFalse(is_for_pictures(accept), accept)
        self.assertEqual(pictures_for(None), [])

    def test_are_not_for_rows_that_a_form_offers_in_addition(self) -> None:
        names = ("photo", "set-0-photo", "set-1-photo", "set-__prefix__-photo", "other-7-photo")
        inputs = dict.fromkeys(names, "image/*")
        self.assertEqual(
            list(of_rows_that_are(inputs, {"set-INITIAL_FORMS": ["1"]})), ["photo", "set-0-photo", "other-7-photo"]
        )


def _lines(data: bytes) -> list[bytes]:
    return [data[at : at + 129] for at in range(0, len(data), 129)]


@mock.patch.object(Picture, "as_files", as_files)
class Uploads(unittest.TestCase):
    """Forms whose server takes what ``takes`` says."""

    def perform(self, operation: Operation) -> Outcome:
        error, result = None, None
        try:
            result = operation.run()
        except Refused as refused:
            error = str(refused)
        self.found[operation.name] = error
        return Outcome(operation, 0, 0, error, result)

    def setUp(self) -> None:
        self.found: dict[str, str | None] = {}
        self.sent: list[dict[str, Any]] = []

    def client(self, shown: str, takes: Any) -> Any:
        def get(path: str, secure: bool) -> Any:
            return response(200, shown)

        def post(path: str, data: dict[str, Any], secure: bool, headers: Any = None) -> Any:
            self.sent.append(data)
            return response(302) if takes(data) else response(200, shown)

        return SimpleNamespace(get=get, post=post)

    def saved(self, shown: str, takes: Any) -> dict[str, str | None]:
        with (
            mock.patch.object(smoke_clients, "client_of", lambda as_superuser: self.client(shown, takes)),
            mock.patch.object(smoke_clients, "administrations", lambda: [("/admin/", ["/admin/shop/item/"])]),
        ):
            smoke_clients.save_unchanged(self.perform)
        return {name.removeprefix("POST /admin/shop/item/<id>/change/ "): error for name, error in self.found.items()}

    def shown(self, inputs: str) -> str:
        return (
            f'<a href="/admin/shop/item/1/change/">1</a><form method="post"><input name="name" value="A">{inputs}'
            '<input type="submit" name="_save"></form>'
        )

    def test_are_one_of_each_kind_in_a_form_of_the_administration(self) -> None:
        form = self.shown('<input type="file" name="photo" accept="image/*"><input type="file" name="terms">')
        found = self.saved(form, lambda data: data.get("photo") != "a palette GIF")
        self.assertEqual(
            found,
            {"unchanged": None, "with a transparent PNG": None, "with a palette GIF": SHOWN_AGAIN, "with a JPEG": None},
        )
        rest = {"name": ["A"], "_save": ["1"]}
        self.assertEqual(self.sent, [rest, *({**rest, "photo": kind} for kind in KINDS)])

    def test_are_none_where_no_picture_is_asked_for_or_nothing_is_taken(self) -> None:
        self.assertEqual(self.saved(self.shown('<input type="file" name="terms">'), lambda data: True), {"unchanged": None})
        self.found.clear()
        form = self.shown('<input type="file" name="photo" accept="image/*">')
        self.assertEqual(self.saved(form, lambda data: False), {"unchanged": SHOWN_AGAIN})

    def sent_by_visitors(self, inputs: str, takes: Any) -> dict[str, str | None]:
        shown = f'<form method="post"><input name="csrfmiddlewaretoken" type="hidden" value="t"><input name="name">{inputs}</form>'
        with (
            mock.patch.object(smoke_forms, "_client", lambda: self.client(shown, takes)),
            mock.patch.object(smoke_forms, "_be_there_before"),
            mock.patch.object(smoke_forms, "_created", mock.MagicMock(**{"return_value.__enter__.return_value": []})),
            mock.patch.object(smoke_forms, "_is_of_nobody_else"),
            mock.patch.object(smoke_forms, "shape", lambda path: path),
            mock.patch.object(smoke_forms, "is_page", lambda path: path == "/photos/"),
        ):
            smoke_forms.send_forms(["/photos/"], self.perform, mock.create_autospec(Mail, instance=True))
        return {name.removeprefix("POST /photos/ "): error for name, error in self.found.items() if name.startswith("POST ")}

    def test_are_one_of_each_kind_in_a_form_of_visitors(self) -> None:
        found = self.sent_by_visitors('<input type="file" name="photo" accept="image/*">', lambda data: data["photo"] == "a JPEG")
        self.assertEqual(
            found, {"with a transparent PNG": SHOWN_AGAIN, "with a palette GIF": SHOWN_AGAIN, "with a JPEG": None}
        )
        rest = {"csrfmiddlewaretoken": "t", "name": "Rehearsal"}
        self.assertEqual(self.sent, [{**rest, "photo": kind} for kind in KINDS])

    def test_leave_forms_for_other_files_alone(self) -> None:
        self.assertEqual(self.sent_by_visitors('<input type="file" name="terms">', lambda data: True), {})
        both = '<input type="file" name="photo" accept="image/*"><input type="file" name="terms">'
        self.assertEqual(self.sent_by_visitors(both, lambda data: True), {})
        self.assertEqual(self.sent, [])


def response(status: int, content: str = "") -> Any:
    headers = {"Content-Type": "text/html"}
    return SimpleNamespace(status_code=status, content=content.encode(), headers=headers, streaming=False, charset="utf-8")


if __name__ == "__main__":
    unittest.main()
