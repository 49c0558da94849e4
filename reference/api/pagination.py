from rest_framework.pagination import CursorPagination, PageNumberPagination


class Pages(PageNumberPagination):
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 500


class FlightCursor(CursorPagination):
    """Flights are too many to count or to skip: each page goes on where the one before it ended."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 500
    ordering = ("-departs_at", "-id")
