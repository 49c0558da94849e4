"""Django's test runner, with the static files collected first, so that tests meet the hashed names of production."""

import logging
import shutil
import tempfile
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.test.runner import DiscoverRunner


class Runner(DiscoverRunner):
    def setup_test_environment(self, **kwargs: Any) -> None:
        super().setup_test_environment(**kwargs)
        self.directory = tempfile.mkdtemp(prefix="airways-tests-")
        settings.STATIC_ROOT = f"{self.directory}/static"
        settings.MEDIA_ROOT = f"{self.directory}/media"
        # The test client speaks plain HTTP; that the redirect is on is a test of its own.
        settings.SECURE_SSL_REDIRECT = False
        # Refusals are what many tests are about; what they log is asserted where it matters.
        logging.getLogger().handlers = [logging.NullHandler()]
        call_command("collectstatic", interactive=False, verbosity=0)

    def teardown_test_environment(self, **kwargs: Any) -> None:
        shutil.rmtree(self.directory)
        super().teardown_test_environment(**kwargs)
