from datetime import UTC, date, datetime, timedelta
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils import timezone

from flights.delays import DELAYED_FROM_MINUTES
from flights.models import Airport, Flight, Remark
from flights.regions import REGIONS


class AirportSearchForm(forms.Form):
    q = forms.CharField(
        label="Search",
        required=False,
        max_length=80,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "Code, name or city"}),
    )
    region = forms.ChoiceField(required=False, choices=[("", "All regions"), *((region, region) for region in REGIONS)])
    state = forms.RegexField(
        r"^[A-Za-z]{2}$",
        required=False,
        max_length=2,
        error_messages={"invalid": "Give the state's two letters, for example WA."},
        widget=forms.TextInput(attrs={"placeholder": "WA", "size": 4}),
    )

    def results(self) -> QuerySet[Airport]:
        """Airports that match; all of them while the form does not validate."""
        airports = Airport.objects.all()
        if not self.is_valid():
            return airports
        words: str = self.cleaned_data["q"]
        for word in words.split():
            airports = airports.filter(Q(code__iexact=word) | Q(name__icontains=word) | Q(city__icontains=word))
        if region := self.cleaned_data["region"]:
            airports = airports.filter(region=region)
        if state := self.cleaned_data["state"]:
            airports = airports.filter(state=state.upper())
        return airports


class AirportCodeField(forms.CharField):
    """A code typed in; its cleaned value is the airport."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput(attrs={"placeholder": "SEA", "size": 5, "autocapitalize": "characters"})
        super().__init__(max_length=4, widget=widget, **kwargs)

    def clean(self, value: Any) -> Airport | None:
        code = super().clean(value)
        if not code:
            return None
        airport = Airport.objects.filter(code=code.upper()).first()
        if airport is None:
            raise forms.ValidationError(f"There is no airport {code.upper()}.", code="unknown")
        return airport


class DateInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        # What a browser's date field sends and expects, whatever the language.
        super().__init__(format="%Y-%m-%d")


class FlightSearchForm(forms.Form):
    origin = AirportCodeField(label="From", required=False)
    destination = AirportCodeField(label="To", required=False)
    since = forms.DateField(label="First day", required=False, widget=DateInput())
    until = forms.DateField(label="Last day", required=False, widget=DateInput())
    delayed = forms.BooleanField(label="Only delayed", required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        since, until = data.get("since"), data.get("until")
        if since and until and since > until:
            self.add_error("until", "The last day is before the first.")
        return data

    def results(self) -> QuerySet[Flight]:
        """Flights that match, latest first; all of them while the form does not validate."""
        flights = Flight.objects.select_related("origin", "destination")
        if not self.is_valid():
            return flights
        data = self.cleaned_data
        if data["origin"]:
            flights = flights.filter(origin=data["origin"])
        if data["destination"]:
            flights = flights.filter(destination=data["destination"])
        if data["since"]:
            flights = flights.filter(departs_at__gte=start_of(data["since"]))
        if data["until"]:
            flights = flights.filter(departs_at__lt=start_of(data["until"]) + timedelta(days=1))
        if data["delayed"]:
            flights = flights.filter(delay_minutes__gte=DELAYED_FROM_MINUTES)
        return flights


def start_of(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


class RemarkForm(forms.ModelForm):
    """A remark on the airport or flight that is set on the instance beforehand."""

    class Meta:
        model = Remark
        fields = ("kind", "happened_on", "text", "author_name", "author_email")
        widgets = {
            "happened_on": DateInput(),
            "text": forms.Textarea(attrs={"rows": 6, "maxlength": 2000}),
            "author_name": forms.TextInput(attrs={"autocomplete": "name"}),
            "author_email": forms.EmailInput(attrs={"autocomplete": "email"}),
        }

    def clean_happened_on(self) -> date:
        day: date = self.cleaned_data["happened_on"]
        if day > timezone.localdate():
            raise forms.ValidationError("This day is still to come.", code="future")
        flight = self.instance.flight
        if flight is not None and abs(day - flight.departs_at.date()) > timedelta(days=3):
            raise forms.ValidationError(
                f"The flight was on {flight.departs_at:%B %-d, %Y}; give a day within three days of it.", code="far"
            )
        return day

    def clean_author_name(self) -> str:
        name: str = self.cleaned_data["author_name"]
        if not any(character.isalpha() for character in name):
            raise forms.ValidationError("A name has letters.", code="letters")
        return name
