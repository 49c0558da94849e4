from django import template

register = template.Library()


@register.filter
def percent(share: float | None) -> str:
    """0.25 as '25.0 %'; a dash where there is no share."""
    return "–" if share is None else f"{share:.1%}".replace("%", " %")
