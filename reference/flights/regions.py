"""Regions of the United States as the Census Bureau draws them, by postal code of the state."""

REGIONS = {
    "Northeast": ("CT", "MA", "ME", "NH", "NJ", "NY", "PA", "RI", "VT"),
    "Midwest": ("IA", "IL", "IN", "KS", "MI", "MN", "MO", "ND", "NE", "OH", "SD", "WI"),
    "South": (
        *("AL", "AR", "DC", "DE", "FL", "GA", "KY", "LA", "MD", "MS"),
        *("NC", "OK", "SC", "TN", "TX", "VA", "WV"),
    ),
    "West": ("AK", "AZ", "CA", "CO", "HI", "ID", "MT", "NM", "NV", "OR", "UT", "WA", "WY"),
    "Territories": ("AS", "CQ", "GU", "PR", "VI"),
}

_BY_STATE = {state: region for region, states in REGIONS.items() for state in states}


def region_of(state: str) -> str:
    """The region's name, or an empty string for a state that belongs to none."""
    return _BY_STATE.get(state, "")
