from django.contrib import admin
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import include, path, re_path

from .days import days, days_csv
from .photos import photo
from .views import api, chart, country, entries, entry, index, opinion, person, rows, shown, visit

handler500 = "kinds.views.sorry"
urlpatterns = [
    path("", index),
    path("people/<int:pk>/", person),
    path("visit/", visit),
    path("opinion/", opinion),
    path("moved/", lambda request: redirect("/people/1/")),
    path("countries.csv", rows),
    path("chart/", chart),
    path("days/", days),
    path("days.csv", days_csv),
    path("photo/", photo),
    path("api/", api),
    path("api/entries/", entries),
    path("api/entries/<str:code>/", entry),
    re_path(r"^api/countries/(?P<code>[a-z]{2})/$", country),
    path("debug/", include([path("settings/", shown), path("<str:part>/", shown)])),
    path("failing/", lambda request: HttpResponse(str(1 / 0))),
    path("logout/", lambda request: HttpResponse(status=500)),
    path("admin/", admin.site.urls),
]
