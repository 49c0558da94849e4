from django.contrib import admin
from django.urls import path

from guestbook import views

urlpatterns = [
    path("", views.guestbook, name="guestbook"),
    path("slow/<int:seconds>/", views.slow),
    path("admin/", admin.site.urls),
]
