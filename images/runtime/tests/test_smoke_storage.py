"""Where files go that are stored in a rehearsal."""

from __future__ import annotations

import os
import unittest
from typing import Any

from rehearsal_runtime import smoke_storage

FILES = "django.core.files.storage.FileSystemStorage"
STATIC = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}


def far_away() -> Any:
    """A storage without paths, which nobody reaches from here."""
    from django.core.files.storage import Storage

    class FarAway(Storage):
        def _save(self, name: str, content: Any) -> str:
            raise ConnectionError(name)

        def url(self, name: str) -> str:
            return f"https://files.example/{name}"

    return FarAway()


class Confined(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        from django.conf import settings

        if not settings.configured:
            settings.configure()

    def confine(self, default: dict[str, Any]) -> Any:
        """The default storage, once it is."""
        from django.conf import settings
        from django.core.files.storage import default_storage
        from django.test.utils import override_settings

        overriding = override_settings(
            STORAGES={"default": default, "staticfiles": STATIC}, MEDIA_ROOT="/absent/media", MEDIA_URL="/media/", STATIC_URL="/s/"
        )
        overriding.enable()
        self.addCleanup(overriding.disable)
        smoke_storage.confine()
        # Undone with the settings that were there before.
        self.addCleanup(setattr, settings, "_wrapped", overriding.wrapped)
        return default_storage

    def test_has_paths_where_there_were_some_and_leaves_nothing(self) -> None:
        from django.core.files.base import ContentFile

        for options in ({}, {"location": "/absent/elsewhere"}):
            with self.subTest(options=options), smoke_storage.forgotten():
                storage = self.confine({"BACKEND": FILES, "OPTIONS": options})
                name = storage.save("photos/a.png", ContentFile(b"a picture"))
                path = storage.path(name)
                with open(path, "rb") as file:
                    self.assertEqual(file.read(), b"a picture")
                self.assertEqual(storage.url(name), "/media/photos/a.png")
                self.assertEqual(os.path.commonpath([path, smoke_storage._folder()]), smoke_storage._folder())
            self.assertFalse(os.path.exists(smoke_storage._folder()))

    def test_is_in_memory_where_there_were_no_paths_with_the_addresses_of_before(self) -> None:
        from django.contrib.staticfiles.storage import StaticFilesStorage, staticfiles_storage
        from django.core.files.base import ContentFile

        storage = self.confine({"BACKEND": f"{__name__}.far_away"})
        name = storage.save("a.png", ContentFile(b"a picture"))
        self.assertEqual(storage.open(name).read(), b"a picture")
        self.assertEqual(storage.url(name), "https://files.example/a.png")
        self.assertIsInstance(staticfiles_storage, StaticFilesStorage)

    def test_leaves_a_storage_that_is_none_to_whoever_uses_it(self) -> None:
        from django.conf import settings

        self.confine({"BACKEND": "absent.Storage"})
        self.assertEqual(settings.STORAGES["default"], {"BACKEND": "absent.Storage"})


if __name__ == "__main__":
    unittest.main()
