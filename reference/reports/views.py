from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from flights.delays import DELAYED_FROM_MINUTES
from reports import queries
from reports.charts import Chart, bar_chart, line_chart
from reports.downloads import csv_response
from reports.forms import PeriodForm
from reports.queries import Period

ROUTES_SHOWN = 15


@require_safe
def reports(request: HttpRequest) -> HttpResponse:
    form = _form(request)
    context: dict[str, Any] = {"form": form, "delayed_from": DELAYED_FROM_MINUTES}
    if period := form.period():
        hours = queries.by_hour(period)
        step = _step(period)
        steps = queries.by_step(period, step)
        context |= {
            "period": period,
            "totals": queries.totals(period),
            "hours": hours,
            "hours_chart": _hours_chart(hours),
            "step": step,
            "steps": steps,
            "steps_chart": _steps_chart(steps, step),
            "routes": queries.top_routes(period, ROUTES_SHOWN),
            "query": request.GET.urlencode(),
        }
    return render(request, "reports/reports.html", context, status=200 if "period" in context else 400)


@require_safe
def routes_csv(request: HttpRequest) -> HttpResponseBase:
    return _download(request, "routes", queries.ROUTE_COLUMNS, queries.stream_routes)


@require_safe
def flights_csv(request: HttpRequest) -> HttpResponseBase:
    return _download(request, "flights", queries.FLIGHT_COLUMNS, queries.stream_flights)


def _download(
    request: HttpRequest, name: str, columns: Sequence[str], rows: Callable[[Period], Iterable[Sequence[Any]]]
) -> HttpResponseBase:
    form = _form(request)
    period = form.period()
    if period is None:
        return HttpResponseBadRequest(form.errors.as_text(), content_type="text/plain; charset=utf-8")
    return csv_response(f"{name}-{period.since}-{period.until}.csv", columns, rows(period))


def _form(request: HttpRequest) -> PeriodForm:
    latest = queries.latest_departure()
    return PeriodForm(request.GET, latest=latest.date() if latest else timezone.localdate())


def _step(period: Period) -> str:
    if period.days <= 45:
        return "day"
    return "week" if period.days <= 400 else "month"


def _hours_chart(hours: Sequence[queries.HourOfDay]) -> Chart:
    means = {hour.hour: hour.mean_delay for hour in hours}
    values = []
    for hour in range(24):
        mean = means.get(hour)
        said = f"{hour:02}:00 to {hour:02}:59: " + ("no delay reported" if mean is None else f"{mean:.1f} minutes")
        values.append((str(hour), mean or 0.0, said))
    return bar_chart(
        values, title="Mean delay by hour of departure", x_title="Hour of departure", y_title="Mean delay, minutes"
    )


def _steps_chart(steps: Sequence[queries.Step], step: str) -> Chart:
    values = [(_label(each.start, step), float(each.flights), f"{each.start}: {each.flights:,}") for each in steps]
    return line_chart(values, title=f"Flights by {step}", x_title=f"{step.capitalize()} that begins", y_title="Flights")


def _label(day: date, step: str) -> str:
    return f"{day:%b %Y}" if step == "month" else f"{day:%-d %b %Y}"
