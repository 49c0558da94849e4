import django_filters as filters
from django.db.models import Q, QuerySet

from flights.models import Airport, Flight, Remark, WeatherDay


class AirportFilter(filters.FilterSet):
    search = filters.CharFilter(method="match", label="Part of the code, name or city")

    class Meta:
        model = Airport
        fields = ("state", "region", "country")

    def match(self, queryset: QuerySet[Airport], name: str, value: str) -> QuerySet[Airport]:
        return queryset.filter(Q(code__icontains=value) | Q(name__icontains=value) | Q(city__icontains=value))


class FlightFilter(filters.FilterSet):
    origin = filters.CharFilter(field_name="origin__code", label="Code of the airport of departure")
    destination = filters.CharFilter(field_name="destination__code", label="Code of the airport of arrival")
    departs_after = filters.IsoDateTimeFilter(field_name="departs_at", lookup_expr="gte")
    departs_before = filters.IsoDateTimeFilter(field_name="departs_at", lookup_expr="lt")
    delay_at_least = filters.NumberFilter(field_name="delay_minutes", lookup_expr="gte", label="Minutes")

    class Meta:
        model = Flight
        fields = ()


class WeatherFilter(filters.FilterSet):
    since = filters.DateFilter(field_name="date", lookup_expr="gte")
    until = filters.DateFilter(field_name="date", lookup_expr="lte")

    class Meta:
        model = WeatherDay
        fields = ("location", "conditions")


class RemarkFilter(filters.FilterSet):
    airport = filters.CharFilter(field_name="airport__code", label="Code of the airport")
    flight = filters.NumberFilter(field_name="flight_id", label="Id of the flight")

    class Meta:
        model = Remark
        fields = ("kind",)
