from django.test import SimpleTestCase

from reports.charts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, bar_chart, line_chart, nice_ticks


class ChartTests(SimpleTestCase):
    def test_ticks_are_round_and_enclose_the_values(self) -> None:
        for low, high, expected in [
            (0, 97, [0, 20, 40, 60, 80, 100]),
            (-7, 18, [-10, -5, 0, 5, 10, 15, 20]),
            (0, 0, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        ]:
            with self.subTest((low, high)):
                ticks = nice_ticks(low, high)
                for tick, wanted in zip(ticks, expected, strict=True):
                    self.assertAlmostEqual(tick, wanted)

    def test_bars_stand_on_zero_and_negative_ones_hang_from_it(self) -> None:
        chart = bar_chart([("a", 10, ""), ("b", -5, ""), ("c", 0, "")], title="", x_title="", y_title="")
        up, down, none = chart.marks
        self.assertAlmostEqual(up.y + up.height, chart.baseline, 1)
        self.assertAlmostEqual(down.y, chart.baseline, 1)
        self.assertAlmostEqual(up.height, 2 * down.height, 1)
        self.assertEqual((up.below, down.below, none.height), (False, True, 0))

    def test_everything_stays_inside_the_axes(self) -> None:
        values = [(str(number), float(number * number), "") for number in range(40)]
        for chart in [
            bar_chart(values, title="", x_title="", y_title=""),
            line_chart(values, title="", x_title="", y_title=""),
        ]:
            for mark in chart.marks:
                self.assertGreaterEqual(mark.x, LEFT)
                self.assertLessEqual(mark.x + mark.width, WIDTH - RIGHT)
                self.assertGreaterEqual(mark.y, TOP)
                self.assertLessEqual(mark.y + mark.height, HEIGHT - BOTTOM)
            self.assertLessEqual(len(chart.x_ticks), 12)

    def test_one_point_makes_a_line_chart_too(self) -> None:
        self.assertEqual(len(line_chart([("a", 1, "")], title="", x_title="", y_title="").marks), 1)
