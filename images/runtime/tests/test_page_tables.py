"""Tables of pages, read as a person reads them."""

import unittest

from rehearsal_runtime.page_tables import tables_of


class PageTables(unittest.TestCase):
    def test_is_called_by_its_heading_and_its_columns_by_their_heads(self) -> None:
        page = """<h1>Reports</h1><h2>Busiest <em>routes</em></h2>
        <table><thead><tr><th>From<th>Flights</tr></thead>
        <tbody><tr><td><a href="/a/">SEA</a></td><td>12</td></tr><tr><td>ORD</td><td>7</td></tr></tbody></table>"""
        self.assertEqual(tables_of(page), [('"Busiest routes"', {"From": ["SEA", "ORD"], "Flights": ["12", "7"]})])

    def test_without_rows_keeps_its_columns(self) -> None:
        page = "<table><caption>Routes</caption><tr><th>From</th></tr></table>"
        self.assertEqual(tables_of(page), [('"Routes"', {"From": []})])

    def test_with_heads_of_rows_or_none_has_numbers_for_columns(self) -> None:
        self.assertEqual(tables_of("<table><tr><th>Gate</th><td>B2</td></table>"), [("the page", {"1": ["Gate"], "2": ["B2"]})])

    def test_reads_lists_of_terms(self) -> None:
        page = "<h2>Flight</h2><dl><dt>Gate</dt><dd>B2</dd><dt>Seats</dt><dd>180</dd><dd>or 186</dd></dl><p>more"
        self.assertEqual(tables_of(page), [('"Flight"', {"Gate": ["B2"], "Seats": ["180", "or 186"]})])

    def test_is_none_where_there_are_none(self) -> None:
        self.assertEqual(tables_of("<h1>Nothing<p>here"), [])


if __name__ == "__main__":
    unittest.main()
