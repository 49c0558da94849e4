from __future__ import annotations

import unittest

from rehearsal_runtime.preflight import taken_for_true


class TakenForTrue(unittest.TestCase):
    def test_are_variables_that_say_no_to_a_setting_that_is_on(self) -> None:
        variables = {"CLOSED": "false", "OPEN": "False", "READ": "no", "MODE": "off", "LEVEL": "0", "ON": "1", "OTHER": "no"}
        held = {"CLOSED": "false", "OPEN": True, "READ": False, "MODE": "off", "LEVEL": 0, "ON": True}
        self.assertEqual(taken_for_true(variables, held), ["CLOSED", "OPEN"])
