from django.db.models import Q, QuerySet
from rest_framework import mixins, viewsets
from rest_framework.serializers import BaseSerializer

from api import filters, serializers
from api.pagination import FlightCursor
from flights.models import Airport, Flight, Remark, WeatherDay


class AirportViewSet(viewsets.ReadOnlyModelViewSet):
    """Airports, by code."""

    queryset = Airport.objects.all()
    serializer_class = serializers.AirportSerializer
    filterset_class = filters.AirportFilter
    lookup_field = "code"


class FlightViewSet(viewsets.ReadOnlyModelViewSet):
    """Flights, latest first."""

    queryset = Flight.objects.select_related("origin", "destination")
    serializer_class = serializers.FlightSerializer
    filterset_class = filters.FlightFilter
    pagination_class = FlightCursor


class WeatherViewSet(viewsets.ReadOnlyModelViewSet):
    """Daily weather by city."""

    queryset = WeatherDay.objects.all()
    serializer_class = serializers.WeatherDaySerializer
    filterset_class = filters.WeatherFilter


class RemarkViewSet(mixins.CreateModelMixin, viewsets.ReadOnlyModelViewSet):
    """Published remarks, and whoever is signed in can add one and sees their own."""

    queryset = Remark.objects.all()
    serializer_class = serializers.RemarkSerializer
    filterset_class = filters.RemarkFilter
    lookup_field = "reference"

    def get_queryset(self) -> QuerySet[Remark]:
        visible = Q(status=Remark.Status.PUBLISHED)
        if self.request.user.is_authenticated:
            visible |= Q(author=self.request.user)
        return Remark.objects.filter(visible).select_related("airport", "flight")

    def perform_create(self, serializer: BaseSerializer) -> None:
        serializer.save(author=self.request.user)
