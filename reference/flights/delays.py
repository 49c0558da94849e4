"""What counts as delayed: a quarter of an hour or more, as the Bureau of Transportation Statistics defines it."""

DELAYED_FROM_MINUTES = 15
