"""Runs a Django project's processes in an environment: see ``cli`` for the commands."""
