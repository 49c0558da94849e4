"""Pagination whose cost does not grow with the table."""

from typing import Any

from django.core.paginator import Paginator
from django.utils.functional import cached_property


class CappedPaginator(Paginator):
    """
    Counts no further than `cap` rows.

    An exact count of a filtered million rows costs more than the page itself, and nobody turns that many pages.
    """

    cap = 2_000

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return len(rows.order_by().values_list("pk")[: self.cap])

    @property
    def capped(self) -> bool:
        """Whether there are, or may be, more rows than are counted."""
        return self.count == self.cap
