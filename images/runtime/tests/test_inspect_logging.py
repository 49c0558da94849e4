import io
import logging
import os
import tempfile
import unittest

from rehearsal_runtime.inspect_logging import files, is_heard


class AdminEmailHandler(logging.Handler):
    """As Django's, by its name."""


class HeardTest(unittest.TestCase):
    def setUp(self) -> None:
        self.parent = logging.Logger("shop", logging.INFO)
        self.logger = logging.Logger("shop.orders")
        self.logger.parent = self.parent

    def with_handler(self, handler: logging.Handler, level: int = logging.NOTSET) -> logging.Logger:
        handler.setLevel(level)
        self.parent.addHandler(handler)
        return self.logger

    def test_is_a_logger_with_a_stream_above_it(self) -> None:
        self.assertTrue(is_heard(self.with_handler(logging.StreamHandler(io.StringIO()))))

    def test_is_a_logger_that_nobody_configured(self) -> None:
        self.assertTrue(is_heard(self.logger))

    def test_is_a_logger_that_leaves_information_out(self) -> None:
        self.parent.setLevel(logging.WARNING)
        self.assertTrue(is_heard(self.with_handler(logging.StreamHandler(io.StringIO()), logging.ERROR)))

    def test_is_none_above_the_level_of_errors(self) -> None:
        self.parent.setLevel(logging.CRITICAL)
        self.assertFalse(is_heard(self.with_handler(logging.StreamHandler(io.StringIO()))))

    def test_is_none_that_is_disabled_or_does_not_hand_on(self) -> None:
        self.with_handler(logging.StreamHandler(io.StringIO()))
        self.logger.disabled = True
        self.assertFalse(is_heard(self.logger))
        self.logger.disabled = False
        self.logger.propagate = False
        self.logger.addHandler(logging.NullHandler())
        self.assertFalse(is_heard(self.logger))

    def test_is_none_that_mails_or_whose_handler_filters_or_wants_more(self) -> None:
        self.assertFalse(is_heard(self.with_handler(AdminEmailHandler())))
        self.assertFalse(is_heard(self.with_handler(logging.StreamHandler(io.StringIO()), logging.CRITICAL)))
        filtered = logging.StreamHandler(io.StringIO())
        filtered.addFilter(lambda record: False)
        self.assertFalse(is_heard(self.with_handler(filtered)))

    def test_is_none_that_is_written_to_a_file_alone(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "shop.log")
            handler = logging.FileHandler(file)
            self.assertFalse(is_heard(self.with_handler(handler)))
            self.assertEqual(files(self.logger), [file])
            self.assertTrue(is_heard(self.with_handler(logging.StreamHandler(io.StringIO()))))
            handler.close()

    def test_is_a_logger_whose_file_stands_for_the_output(self) -> None:
        handler = logging.FileHandler("/dev/null")
        self.assertTrue(is_heard(self.with_handler(handler)))
        self.assertEqual(files(self.logger), [])
        handler.close()


if __name__ == "__main__":
    unittest.main()
