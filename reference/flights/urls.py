from django.urls import path

from flights import views

urlpatterns = [
    path("", views.HomeView.as_view(), name="home"),
    path("airports/", views.AirportListView.as_view(), name="airports"),
    path("airports/<str:code>/", views.AirportDetailView.as_view(), name="airport"),
    path("airports/<str:code>/remarks/new/", views.AirportRemarkCreateView.as_view(), name="airport-remark-new"),
    path("flights/", views.FlightListView.as_view(), name="flights"),
    path("flights/<int:pk>/", views.FlightDetailView.as_view(), name="flight"),
    path("flights/<int:pk>/remarks/new/", views.FlightRemarkCreateView.as_view(), name="flight-remark-new"),
    path("remarks/<uuid:reference>/", views.RemarkDetailView.as_view(), name="remark"),
]
