from django.apps import AppConfig


class AirwaysConfig(AppConfig):
    name = "airways"

    def ready(self) -> None:
        from airways import checks  # noqa: F401  registers the system checks
