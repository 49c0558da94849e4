from typing import Any

from django.db.models import Avg, QuerySet
from django.db.models.functions import ExtractMonth
from django.forms import Form
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.views.generic import CreateView, DetailView, ListView, TemplateView

from flights.delays import DELAYED_FROM_MINUTES
from flights.forms import AirportSearchForm, FlightSearchForm, RemarkForm
from flights.models import Airport, Flight, Remark, WeatherDay
from flights.pagination import CappedPaginator

FLIGHTS_SHOWN = 10
REMARKS_SHOWN = 20


class HomeView(TemplateView):
    """Cheap on purpose: load balancers and health checks ask for this page all the time."""

    template_name = "flights/home.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            search=AirportSearchForm(),
            flights=Flight.objects.select_related("origin", "destination")[:FLIGHTS_SHOWN],
            remarks=Remark.objects.published().select_related("airport", "flight__origin", "flight__destination")[:5],
            delayed_from=DELAYED_FROM_MINUTES,
            **kwargs,
        )


class SearchListView(ListView):
    """A list behind a search form that is read from the query string."""

    form_class: type[Form]
    paginate_by = 25

    def get_queryset(self) -> QuerySet[Any]:
        self.form = self.form_class(self.request.GET or {})
        return self.form.results()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(form=self.form, delayed_from=DELAYED_FROM_MINUTES, **kwargs)


class AirportListView(SearchListView):
    model = Airport
    form_class = AirportSearchForm


class FlightListView(SearchListView):
    model = Flight
    form_class = FlightSearchForm
    paginator_class = CappedPaginator


class AirportDetailView(DetailView):
    model = Airport
    slug_field = "code"
    slug_url_kwarg = "code"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        airport: Airport = self.object
        return super().get_context_data(
            departures=airport.departures.select_related("destination")[:FLIGHTS_SHOWN],
            arrivals=airport.arrivals.select_related("origin")[:FLIGHTS_SHOWN],
            remarks=airport.remarks.published()[:REMARKS_SHOWN],
            climate=climate_of(airport.city),
            delayed_from=DELAYED_FROM_MINUTES,
            **kwargs,
        )


class FlightDetailView(DetailView):
    queryset = Flight.objects.select_related("origin", "destination")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        flight: Flight = self.object
        return super().get_context_data(
            remarks=flight.remarks.published()[:REMARKS_SHOWN], delayed_from=DELAYED_FROM_MINUTES, **kwargs
        )


class RemarkCreateView(CreateView):
    """Base of the two forms; `subject` names the remark's field, and its model is looked up by the URL."""

    model = Remark
    form_class = RemarkForm
    subject: str

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        model = Remark._meta.get_field(self.subject).related_model
        self.about = get_object_or_404(model, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        author = self.request.user if self.request.user.is_authenticated else None
        return super().get_form_kwargs() | {"instance": Remark(author=author, **{self.subject: self.about})}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(about=self.about, **kwargs)


class AirportRemarkCreateView(RemarkCreateView):
    subject = "airport"


class FlightRemarkCreateView(RemarkCreateView):
    subject = "flight"


class RemarkDetailView(DetailView):
    """Found by its reference alone, which only its author and the editors know until it is published."""

    queryset = Remark.objects.select_related("airport", "flight__origin", "flight__destination")
    slug_field = "reference"
    slug_url_kwarg = "reference"


def climate_of(city: str) -> list[dict[str, Any]]:
    """Monthly means over all years of the city's weather, January first; empty where no weather is known."""
    if not city:
        return []
    days = WeatherDay.objects.filter(location=city).annotate(month=ExtractMonth("date")).order_by("month")
    return list(
        days.values("month").annotate(
            high=Avg("temperature_max"), low=Avg("temperature_min"), rain=Avg("precipitation")
        )
    )
