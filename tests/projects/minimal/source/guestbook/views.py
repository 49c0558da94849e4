import time

from django.forms import modelform_factory
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from .models import Entry

EntryForm = modelform_factory(Entry, fields=["name", "message"])


def guestbook(request: HttpRequest) -> HttpResponse:
    form = EntryForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        form.save()
        return redirect("guestbook")
    return render(request, "guestbook/guestbook.html", {"entries": Entry.objects.all()[:50], "form": form})


def slow(request: HttpRequest, seconds: int) -> HttpResponse:
    """Answers late, as a report does."""
    time.sleep(min(seconds, 30))
    return HttpResponse(f"waited {seconds} s", content_type="text/plain")
