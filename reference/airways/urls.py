from django.conf import settings
from django.conf.urls.static import static
from django.contrib import admin
from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpRequest, HttpResponsePermanentRedirect
from django.urls import include, path

admin.site.site_header = "Airways administration"
admin.site.site_title = "Airways"
admin.site.index_title = "Records"


def favicon(request: HttpRequest) -> HttpResponsePermanentRedirect:
    """Browsers ask for this fixed address on pages that name no icon, such as the JSON answers of the API."""
    return HttpResponsePermanentRedirect(staticfiles_storage.url("flights/icon.svg"))


urlpatterns = [
    path("", include("flights.urls")),
    path("reports/", include("reports.urls")),
    path("data/", include("etl.urls")),
    path("api/", include("api.urls")),
    path("admin/", admin.site.urls),
    path("favicon.ico", favicon),
    # Empty unless DEBUG is on: elsewhere the web server serves media.
    *static(settings.MEDIA_URL, document_root=settings.MEDIA_ROOT),
]
