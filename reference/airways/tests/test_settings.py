import json
import logging
import os
import subprocess
import sys
from unittest import mock

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.test import SimpleTestCase, TestCase, override_settings

from airways import databases, environment
from airways.log_records import OneLineFormatter


def manage(*arguments: str, **variables: str) -> subprocess.CompletedProcess:
    """manage.py in a process of its own, with these variables of the project and no others."""
    inherited = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "VIRTUAL_ENV")}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=settings.BASE_DIR,
        env=inherited | variables,
        capture_output=True,
        text=True,
        check=False,
    )


SECRET = "only-for-this-test-3v0Zk1Jq7Rw9Tx2Yb4Nc6Md8Lf5Hg0PsUaEi"


class EnvironmentTests(SimpleTestCase):
    def test_a_missing_secret_key_is_named(self) -> None:
        result = manage("check", DATABASE_URL="postgres://a:b@127.0.0.1:1/c")
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("DJANGO_SECRET_KEY is not set", result.stderr)

    def test_missing_variables_are_named_together_before_a_command_runs(self) -> None:
        result = manage("migrate", DJANGO_SECRET_KEY=SECRET)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("DATABASE_URL is not set", result.stderr)
        self.assertIn("DJANGO_ALLOWED_HOSTS is not set", result.stderr)

    def test_use_of_the_missing_database_names_the_variable(self) -> None:
        code = "from flights.models import Airport; Airport.objects.count()"
        result = manage("shell", "-c", code, DJANGO_SECRET_KEY=SECRET)
        self.assertIn("DATABASE_URL is not set", result.stderr)

    def test_static_files_are_collected_without_a_database(self) -> None:
        result = manage("collectstatic", "--noinput", "--dry-run", DJANGO_SECRET_KEY="unused")
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_the_application_does_not_start_without_its_variables(self) -> None:
        code = "import airways.wsgi"
        result = manage("shell", "-c", code, DJANGO_SECRET_KEY=SECRET, DATABASE_URL="postgres://a:b@127.0.0.1:1/c")
        self.assertIn("DJANGO_ALLOWED_HOSTS is not set", result.stderr)

    def test_production_settings_pass_the_deployment_checks(self) -> None:
        result = manage(
            *("check", "--deploy", "--fail-level", "WARNING"),
            DJANGO_SECRET_KEY=SECRET,
            DATABASE_URL="postgres://a:b@127.0.0.1:1/c",
            DJANGO_ALLOWED_HOSTS="airways.example",
        )
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_malformed_values_are_named_with_the_rule(self) -> None:
        for value, read, words in [
            ("maybe", environment.boolean, "must be 1 or 0; got 'maybe'"),
            ("soon", lambda name: environment.integer(name, 5, 1), "must be a whole number; got 'soon'"),
            ("0", lambda name: environment.integer(name, 5, 1), "must be at least 1; got 0"),
        ]:
            with self.subTest(value), mock.patch.dict(os.environ, {"SOME_NAME": value}):
                with self.assertRaises(ImproperlyConfigured) as caught:
                    read("SOME_NAME")
                self.assertIn(f"SOME_NAME {words}", str(caught.exception))

    def test_a_url_of_another_database_is_refused_without_repeating_its_password(self) -> None:
        for url in ["mysql://a:hidden@h/n", "sqlite:///x", "nonsense"]:
            with self.subTest(url), self.assertRaises(ImproperlyConfigured) as caught:
                databases.from_url("DATABASE_URL", url)
            self.assertIn("DATABASE_URL", str(caught.exception))
            self.assertNotIn("hidden", str(caught.exception))

    def test_a_password_with_special_characters_is_decoded(self) -> None:
        config = databases.from_url("DATABASE_URL", "postgres://app:p%40ss%2Fw%25rd@database:5432/airways")
        self.assertEqual((config["PASSWORD"], config["HOST"], config["PORT"]), ("p@ss/w%rd", "database", 5432))


class SchemaTests(TestCase):
    def test_no_migration_is_forgotten(self) -> None:
        call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@override_settings(SECURE_SSL_REDIRECT=True)
class HttpsTests(TestCase):
    def test_plain_http_is_redirected_and_the_gateways_header_is_believed(self) -> None:
        self.assertEqual(self.client.get("/").headers["Location"], "https://testserver/")
        self.assertEqual(self.client.get("/", headers={"x-forwarded-proto": "https"}).status_code, 200)


class LogTests(SimpleTestCase):
    def test_a_record_with_a_traceback_is_one_line_of_json(self) -> None:
        try:
            raise ValueError("first\nsecond")
        except ValueError:
            record = logging.LogRecord("name", logging.ERROR, __file__, 1, "broke: %s", ("a\nb",), sys.exc_info())
        line = OneLineFormatter().format(record)
        self.assertNotIn("\n", line)
        entry = json.loads(line)
        self.assertEqual((entry["level"], entry["message"]), ("ERROR", "broke: a\nb"))
        self.assertIn("ValueError: first\nsecond", entry["exception"])
