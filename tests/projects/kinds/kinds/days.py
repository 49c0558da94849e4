"""A report of a period and its download, which has much to say of each day."""

import os
from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

LINE_BYTES = 15_000
MOST_DAYS = 2_000


def days(request: HttpRequest) -> HttpResponse:
    period = _period(request)
    if period is None:
        return HttpResponse("That is too long.", status=400)
    since, until = period
    return HttpResponse(
        f'<form><input type="date" name="since" value="{since}"><input type="date" name="until" value="{until}"></form>'
        f'<a href="/days.csv?since={since}&amp;until={until}">all</a>'
    )


def days_csv(request: HttpRequest) -> HttpResponseBase:
    """Line by line, or as DAYS says: all lines held, or more than any container has."""
    period = _period(request)
    if period is None:
        return HttpResponse("That is too long.", status=400)
    since, until = period
    lines: Iterable[str] = _lines(since, until)
    if os.environ.get("DAYS") == "held":
        lines = list(lines)
    if os.environ.get("DAYS") == "endless" and until - since > timedelta(days=MOST_DAYS):
        lines = ["x" * 2**30]
    return StreamingHttpResponse(lines, content_type="text/csv")


def _lines(since: date, until: date) -> Iterator[str]:
    for number in range((until - since).days + 1):
        yield f"{since + timedelta(days=number)},".ljust(LINE_BYTES, "x") + "\n"


def _period(request: HttpRequest) -> tuple[date, date] | None:
    """None for one that is longer than DAYS lets be asked for."""
    since, until = (
        date.fromisoformat(request.GET.get(name, usual)) for name, usual in (("since", "2026-01-01"), ("until", "2026-03-31"))
    )
    too_long = os.environ.get("DAYS") == "few" and until - since > timedelta(days=MOST_DAYS)
    return None if too_long else (since, until)
