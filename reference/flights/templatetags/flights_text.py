import calendar

from django import template

from flights.delays import DELAYED_FROM_MINUTES

register = template.Library()


@register.filter
def month_name(number: int) -> str:
    return calendar.month_abbr[number]


@register.filter
def delay_text(minutes: int | None) -> str:
    """In words: 'on time', '12 min late', '1 h 5 min late', '7 min early', 'not reported'."""
    if minutes is None:
        return "not reported"
    if minutes == 0:
        return "on time"
    hours, rest = divmod(abs(minutes), 60)
    length = " ".join(part for part in (f"{hours} h" if hours else "", f"{rest} min" if rest else "") if part)
    return f"{length} {'late' if minutes > 0 else 'early'}"


@register.filter
def delay_class(minutes: int | None) -> str:
    """The style class of a delay."""
    if minutes is None:
        return "delay-unknown"
    return "delay-late" if minutes >= DELAYED_FROM_MINUTES else "delay-ok"
