from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView
from rest_framework.routers import DefaultRouter

from api import views

router = DefaultRouter()
router.register("airports", views.AirportViewSet, basename="airport")
router.register("flights", views.FlightViewSet, basename="flight")
router.register("weather", views.WeatherViewSet, basename="weather")
router.register("remarks", views.RemarkViewSet, basename="remark")

urlpatterns = [
    path("v1/", include((router.urls, "api"))),
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("docs/", SpectacularSwaggerView.as_view(url_name="api-schema"), name="api-docs"),
]
