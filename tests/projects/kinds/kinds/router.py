class Router:
    """Keeps one model in another database."""

    def db_for_read(self, model: type, **hints: object) -> str | None:
        return "elsewhere" if model.__name__ == "Elsewhere" else None

    db_for_write = db_for_read

    def allow_migrate(self, db: str, app_label: str, model_name: str | None = None, **hints: object) -> bool | None:
        return (db == "elsewhere") == (model_name == "elsewhere")
