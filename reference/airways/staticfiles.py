from django.contrib.staticfiles.apps import StaticFilesConfig


class AirwaysStaticFilesConfig(StaticFilesConfig):
    """Leaves out the second of the two API viewers that the API package brings; only the first is used."""

    ignore_patterns = [*StaticFilesConfig.ignore_patterns, "redoc", "swagger-ui-es-bundle*"]
