from datetime import date, timedelta
from typing import Any

from django import forms
from django.http import QueryDict

from flights.forms import AirportCodeField, DateInput
from reports.queries import Period

DEFAULT_DAYS = 90
LONGEST_DAYS = 3_700


class PeriodForm(forms.Form):
    since = forms.DateField(label="First day", widget=DateInput())
    until = forms.DateField(label="Last day", widget=DateInput())
    origin = AirportCodeField(label="From", required=False)

    def __init__(self, data: QueryDict, latest: date) -> None:
        """Days that are not given are filled in, and shown: the most recent quarter, `latest` being its last day."""
        filled = data.copy()
        filled["until"] = filled.get("until") or latest.isoformat()
        try:
            until = date.fromisoformat(filled["until"])
            filled["since"] = filled.get("since") or (until - timedelta(days=DEFAULT_DAYS - 1)).isoformat()
        except (ValueError, OverflowError):
            pass  # The field itself says what is wrong with the last day.
        super().__init__(filled)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        since, until = data.get("since"), data.get("until")
        if since is None or until is None:
            return data
        if since > until:
            self.add_error("until", "The last day is before the first.")
        elif (until - since).days >= LONGEST_DAYS:
            self.add_error("since", f"A report covers at most {LONGEST_DAYS} days.")
        return data

    def period(self) -> Period | None:
        """None while the form does not validate."""
        if not self.is_valid():
            return None
        data = self.cleaned_data
        return Period(data["since"], data["until"], data["origin"].pk if data["origin"] else None)
