from typing import Any

from django.utils import timezone
from rest_framework import serializers

from flights.models import Airport, Flight, Remark, WeatherDay


class AirportSerializer(serializers.HyperlinkedModelSerializer):
    class Meta:
        model = Airport
        fields = (
            *("url", "code", "name", "city", "state", "region", "country"),
            *("latitude", "longitude", "photo"),
        )
        extra_kwargs = {"url": {"view_name": "api:airport-detail", "lookup_field": "code"}}


class FlightSerializer(serializers.HyperlinkedModelSerializer):
    origin_code = serializers.CharField(source="origin.code", read_only=True)
    destination_code = serializers.CharField(source="destination.code", read_only=True)

    class Meta:
        model = Flight
        fields = (
            *("url", "id", "departs_at", "origin", "origin_code", "destination", "destination_code"),
            *("distance_miles", "delay_minutes"),
        )
        extra_kwargs = {
            "url": {"view_name": "api:flight-detail"},
            "origin": {"view_name": "api:airport-detail", "lookup_field": "code"},
            "destination": {"view_name": "api:airport-detail", "lookup_field": "code"},
        }


class WeatherDaySerializer(serializers.HyperlinkedModelSerializer):
    class Meta:
        model = WeatherDay
        fields = (
            *("url", "location", "date", "conditions", "precipitation"),
            *("temperature_max", "temperature_min", "wind"),
        )
        extra_kwargs = {"url": {"view_name": "api:weather-detail"}}


class RemarkSerializer(serializers.HyperlinkedModelSerializer):
    airport = serializers.SlugRelatedField(
        slug_field="code", queryset=Airport.objects.all(), required=False, allow_null=True, help_text="The code."
    )
    flight = serializers.PrimaryKeyRelatedField(queryset=Flight.objects.all(), required=False, allow_null=True)

    class Meta:
        model = Remark
        fields = (
            *("url", "reference", "airport", "flight", "kind", "happened_on", "text"),
            *("author_name", "author_email", "status", "created_at"),
        )
        read_only_fields = ("reference", "status", "created_at")
        extra_kwargs = {
            "url": {"view_name": "api:remark-detail", "lookup_field": "reference"},
            # Taken from whoever writes, shown to nobody.
            "author_email": {"write_only": True},
        }

    def validate_happened_on(self, value: Any) -> Any:
        if value > timezone.localdate():
            raise serializers.ValidationError("This day is still to come.")
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if bool(attrs.get("airport")) == bool(attrs.get("flight")):
            raise serializers.ValidationError("Give either an airport or a flight.")
        return attrs
