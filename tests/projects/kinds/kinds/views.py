import functools
import json
import os
import re
import tempfile
from collections.abc import Iterator
from urllib.request import urlopen

from django import forms
from django.conf import settings
from django.core.cache import cache
from django.core.mail import send_mail
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, redirect
from django.utils import formats, translation
from django.utils.html import escape
from django.views.decorators.csrf import csrf_exempt

from .models import Country, Person, Place

#: Users who were here.
_seen: list[object] = []


def index(request: HttpRequest) -> HttpResponse:
    people = "".join(f'<a href="/people/{person.pk}/">{person.slug}</a>' for person in Person.objects.order_by("pk"))
    return HttpResponse(
        f'{people}<a href="https://elsewhere.example/x/">away</a><a href="/static/x.css">file</a>'
        '<a href="/visit/?by=1">visit</a><a href="/moved/">moved</a><a href="/countries.csv">all</a>'
        '<a href="/absent/">absent</a><a href="/admin/">admin</a><a href="/logout/">out</a><a href="mailto:a@b">mail</a>'
    )


@functools.cache
def kept_places() -> list[str]:
    """As somebody does who has measured the query."""
    return list(Place.objects.order_by("pk").values_list("name", flat=True))


def person(request: HttpRequest, pk: int) -> HttpResponse:
    person = get_object_or_404(Person, pk=pk)
    # As code does that was tried with people who all have a mentor.
    mentor = person.mentor.slug if os.environ.get("ALL_HAVE_MENTORS") == "1" else ""
    # As code does that has a picture for most kinds.
    if os.environ.get("ALL_ARE_ACTIVE") == "1":
        {True: "active"}[person.active]
    if os.environ.get("LEAVES_FILES") == "1":
        tempfile.NamedTemporaryFile(suffix=".csv", delete=False).close()
    names = kept_places() if os.environ.get("NAMES_ARE_KEPT") == "1" else kept_places.__wrapped__()
    places = ", ".join(names)
    # As a template does that marks text as safe.
    shown = places if os.environ.get("NAMES_ARE_SAFE") == "1" else escape(places)
    return HttpResponse(f"{person.slug} {mentor}<dl><dt>Places</dt><dd>{shown}</dd></dl>")


def opinion(request: HttpRequest) -> HttpResponse:
    """A form and what becomes of it, as OPINION says."""
    fault = os.environ.get("OPINION", "")
    if request.method == "POST":
        if not request.POST.get("text") and fault != "anything":
            return HttpResponse("say something" if fault != "empty" else str(1 / 0))
        if fault == "refused" or (fault == "strict" and not _Strict(request.POST).is_valid()):
            return _opinion_form(request, fault)
        if fault == "somebody":
            from django.contrib.admin.models import LogEntry

            LogEntry.objects.create(user=_seen[-1], action_flag=1)
        Country.objects.create(code="yy", name=request.POST["text"], number=int(request.POST["number"] or 0) + 1000)
        if fault == "mail":
            send_mail("An opinion", request.POST["text"], None, ["editor@example.org"])
        return redirect("/people/77/" if fault == "lost" else "/people/1/")
    return _opinion_form(request, fault)


class _Strict(forms.Form):
    """As somebody validates who knows few names; the page does not say what is wrong."""

    text = forms.RegexField(r"^[A-Za-z ]+$", error_messages={"invalid": "A name has letters."})


def _opinion_form(request: HttpRequest, fault: str) -> HttpResponse:
    # As code does that keeps the user of a request where models find it.
    if request.user.is_authenticated:
        _seen.append(request.user)
    token = "" if fault == "token" else f'<input type="hidden" name="csrfmiddlewaretoken" value="{get_token(request)}">'
    return HttpResponse(
        f'<form method="post">{token}<input name="text" maxlength="20"><input type="number" name="number">'
        '<select name="mood"><option value=""><option value="good"></select><input type="submit" name="go"></form>'
        '<form method="post" action="https://elsewhere.example/"><input name="q"></form>'
        '<form action="/chart/"><input name="q"></form>'
    )


def chart(request: HttpRequest) -> HttpResponse:
    """A drawing of what was looked for and a link to the next one, as CHART says."""
    fault = os.environ.get("CHART", "")
    if fault == "outside":
        _ask_elsewhere()
    if fault == "search":
        re.compile(request.GET.get("q", ""))
    # As a list does that was tried with people who all have a mentor.
    if fault == "found":
        [person.mentor.slug for person in Person.objects.filter(email=request.GET.get("q", ""))]
    with translation.override(translation.get_language_from_request(request)):
        for_people = formats.localize(12.5)
    width = for_people if fault == "localized" else "12.5"
    kept = "" if fault == "forgetful" else f"near={escape(request.GET.get('near', ''))}&amp;"
    return HttpResponse(
        f'<svg><title>{for_people}</title><rect width="{width}" aria-label="{for_people}"/><path d="M {width} 3"/></svg>'
        f'<script>\nconst width = {width};\n</script><input value="{for_people}"><a href="?{kept}page=2">next</a>'
    )


def _ask_elsewhere() -> None:
    """As code does that takes somebody else's server for granted, but for its absence."""
    for wait in ({}, {"timeout": 30}):
        try:
            urlopen(f"https://weather{len(wait)}.invalid/", **wait)
        except OSError:
            pass


def sorry(request: HttpRequest) -> HttpResponse:
    """The page that stands for an error, with what ERROR_PAGE says on it."""
    if os.environ.get("ERROR_PAGE") == "places":
        return HttpResponse(", ".join(Place.objects.values_list("name", flat=True)), status=500)
    return HttpResponse("sorry", status=500)


def shown(request: HttpRequest, part: str = "settings") -> HttpResponse:
    """What somebody left in who looked for a fault."""
    return HttpResponse(settings.SECRET_KEY if os.environ.get("SHOW_SETTINGS") == "1" else part)


@transaction.atomic(durable=True)
def visit(request: HttpRequest) -> HttpResponse:
    """Writes although it is only asked."""
    country = Country.objects.create(code="zz", name="visited", number=999)
    request.session["visited"] = country.pk
    return HttpResponse("visited")


def rows(request: HttpRequest) -> StreamingHttpResponse:
    def lines() -> Iterator[str]:
        for country in Country.objects.all():
            yield f"{country.name}\n"

    return StreamingHttpResponse(lines(), content_type="text/csv")


def api(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"countries": [request.build_absolute_uri(f"/api/countries/{c.code}/") for c in Country.objects.all()]})


def country(request: HttpRequest, code: str) -> JsonResponse:
    return JsonResponse({"name": get_object_or_404(Country, code=code).name})


@csrf_exempt
def entries(request: HttpRequest) -> HttpResponse:
    """A list of records that takes more of them, from whom ENTRIES says."""
    if request.method == "POST":
        fault = os.environ.get("ENTRIES", "")
        name = f"{json.loads(request.body)['name']} again"
        if fault == "careless":
            name += request.user.get_username() or request.user.nobody_has_this
        elif fault != "open" and (fault == "closed" or not request.user.is_authenticated):
            return HttpResponse(status=403)
        return JsonResponse({"code": Country.objects.create(code="xx", name=name, number=998).code}, status=201)
    if request.user.is_authenticated and os.environ.get("LISTS") in ("own", "kept"):
        from django.contrib.admin.models import LogEntry

        # As a list does that shows to users what they have entered themselves.
        kept = cache.get("entries") if os.environ.get("LISTS") == "kept" else None
        own = LogEntry.objects.filter(user=request.user).count() if kept is None else kept
        cache.set("entries", own)
    response = JsonResponse({"count": 3, "results": list(Country.objects.order_by("code").values("code", "name"))})
    # As code does that names all records of a page for a cache.
    response["Surrogate-Key"] = "key " * int(os.environ.get("KEYS", "1"))
    return response


@csrf_exempt
def entry(request: HttpRequest, code: str) -> HttpResponse:
    """One of these records, which whoever is logged in changes where ENTRIES says so."""
    if request.method == "GET":
        return JsonResponse({"name": get_object_or_404(Country, code=code).name})
    if os.environ.get("ENTRIES") != "anybody's" or not request.user.is_authenticated:
        return HttpResponse(status=405)
    get_object_or_404(Country, code=code).save()
    return HttpResponse(status=204)
