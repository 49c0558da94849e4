from django.urls import path

from reports import views

urlpatterns = [
    path("", views.reports, name="reports"),
    path("routes.csv", views.routes_csv, name="reports-routes-csv"),
    path("flights.csv", views.flights_csv, name="reports-flights-csv"),
]
