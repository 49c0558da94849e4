from __future__ import annotations

import os
import tempfile
import unittest
from unittest import mock

from rehearsal_runtime import trust


class DatabaseAuthority(unittest.TestCase):
    def root(self, url: str, **given: str) -> str | None:
        with tempfile.NamedTemporaryFile() as bundle:
            with mock.patch.dict(os.environ, {"DATABASE_URL": url, **given}):
                if "PGSSLROOTCERT" not in given:
                    os.environ.pop("PGSSLROOTCERT", None)
                trust.database_authority(("/absent/bundle", bundle.name))
                root = os.environ.get("PGSSLROOTCERT")
                return "the bundle" if root == bundle.name else root

    def test_is_what_the_image_trusts_where_the_server_is_to_be_verified(self) -> None:
        for mode in ("verify-full", "verify-ca"):
            self.assertEqual(self.root(f"postgres://app:x@db.example:5432/app?sslmode={mode}"), "the bundle")

    def test_is_left_alone_where_nothing_is_verified(self) -> None:
        for url in ("postgres://app:x@database:5432/app", "postgres://app:x@db/app?sslmode=require", "", "sqlite://"):
            self.assertIsNone(self.root(url))

    def test_is_what_the_project_names(self) -> None:
        url = "postgres://app:x@db/app?sslmode=verify-full"
        self.assertEqual(self.root(url, PGSSLROOTCERT="/app/db.pem"), "/app/db.pem")
        self.assertIsNone(self.root(f"{url}&sslrootcert=system"))
