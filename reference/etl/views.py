from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from etl.status import feed_states


@require_safe
def data(request: HttpRequest) -> HttpResponse:
    """Where the data comes from and how fresh it is. Set-aside rows are for editors, in the administration."""
    return render(request, "etl/data.html", {"feeds": feed_states()})
