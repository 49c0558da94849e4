from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from flights.models import Airport, Flight, Remark, WeatherDay
from flights.pagination import CappedPaginator


@admin.register(Airport)
class AirportAdmin(admin.ModelAdmin):
    list_display = ("code", "name", "city", "state", "region", "country")
    list_filter = ("region", "state")
    search_fields = ("code", "name", "city")
    readonly_fields = ("region",)


@admin.register(Flight)
class FlightAdmin(admin.ModelAdmin):
    list_display = ("departs_at", "origin_code", "destination_code", "distance_miles", "delay_minutes")
    list_select_related = ("origin", "destination")
    search_fields = ("=origin__code", "=destination__code")
    search_help_text = "Code of the origin or the destination"
    autocomplete_fields = ("origin", "destination")
    paginator = CappedPaginator
    show_full_result_count = False

    @admin.display(description="from", ordering="origin__code")
    def origin_code(self, flight: Flight) -> str:
        return flight.origin.code

    @admin.display(description="to", ordering="destination__code")
    def destination_code(self, flight: Flight) -> str:
        return flight.destination.code


@admin.register(WeatherDay)
class WeatherDayAdmin(admin.ModelAdmin):
    list_display = ("location", "date", "conditions", "temperature_min", "temperature_max", "precipitation", "wind")
    list_filter = ("location", "conditions")
    date_hierarchy = "date"


@admin.register(Remark)
class RemarkAdmin(admin.ModelAdmin):
    list_display = ("created_at", "status", "kind", "about", "author_name", "happened_on")
    list_filter = ("status", "kind")
    list_select_related = ("airport", "flight__origin", "flight__destination")
    search_fields = ("text", "author_name", "author_email", "=reference")
    readonly_fields = ("reference", "author", "created_at")
    autocomplete_fields = ("airport", "flight")
    actions = ("publish", "decline")

    @admin.display(description="on")
    def about(self, remark: Remark) -> str:
        return str(remark.subject)

    @admin.action(description="Publish the selected remarks")
    def publish(self, request: HttpRequest, remarks: QuerySet[Remark]) -> None:
        self._set_status(request, remarks, Remark.Status.PUBLISHED)

    @admin.action(description="Decline the selected remarks")
    def decline(self, request: HttpRequest, remarks: QuerySet[Remark]) -> None:
        self._set_status(request, remarks, Remark.Status.DECLINED)

    def _set_status(self, request: HttpRequest, remarks: QuerySet[Remark], status: Any) -> None:
        count = remarks.update(status=status)
        self.message_user(request, f"{count} remarks are now {status.label.lower()}.")
