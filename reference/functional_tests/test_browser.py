"""The pages as a person sees them, in a browser without a screen. Whatever goes wrong on a page fails the test."""

import os
import re
import socket
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from conftest import VISITOR, Client
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response, expect, sync_playwright

REMARK = "The queue at security moved quickly, and the staff were kind."
# Where to keep what was seen; nothing is kept without it.
SCREENSHOTS = os.environ.get("SCREENSHOTS", "")
SECONDS = 30
expect.set_options(timeout=SECONDS * 1000)


@pytest.fixture(scope="session")
def browser(base_url: str) -> Iterator[Browser]:
    host = urlsplit(base_url).hostname or ""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            # The container confines it more than its own sandbox could. Browsers take names below `localhost` for this
            # machine, whatever the hosts file says.
            args=["--no-sandbox", f"--host-resolver-rules=MAP {host} {socket.gethostbyname(host)}"],
        )
        yield browser
        browser.close()


@pytest.fixture
def problems() -> list[str]:
    return []


@pytest.fixture
def page(
    browser: Browser, base_url: str, client: Client, problems: list[str], request: pytest.FixtureRequest
) -> Iterator[Page]:
    """A page of a new visitor. `problems` collects errors of scripts, and whatever did not load."""
    context = browser.new_context(base_url=base_url, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    failed: list[Request] = []
    # The browser gives up the page that it would have gone to.
    downloads: set[str] = set()

    def said(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            problems.append(f"console {message.type}: {message.text}")

    def answered(response: Response) -> None:
        if response.status >= 400:
            problems.append(f"{response.status} {response.url}")

    page.on("console", said)
    page.on("pageerror", lambda error: problems.append(f"script: {error}"))
    page.on("requestfailed", lambda lost: failed.append(lost))
    page.on("download", lambda download: downloads.add(download.url))
    page.on("response", answered)
    yield page
    if SCREENSHOTS:
        page.screenshot(path=Path(SCREENSHOTS) / f"{request.node.name}.png", full_page=True)
    context.close()
    problems += [f"not loaded: {lost.url}: {lost.failure}" for lost in failed if lost.url not in downloads]
    assert not problems, "\n".join(problems)


@pytest.fixture
def no_remarks(database: psycopg.Connection) -> Iterator[None]:
    def remove() -> None:
        database.execute("DELETE FROM flights_remark WHERE author_name = %s", [VISITOR])

    remove()
    yield
    remove()


@pytest.mark.parametrize(
    ("path", "heading"),
    [
        ("/", "Flights, delays and airports of the United States"),
        ("/airports/", "Airports"),
        ("/airports/SEA/", "Seattle-Tacoma"),
        ("/flights/", "Flights"),
        ("/reports/", "Delays"),
        ("/data/", "Data"),
        ("/api/docs/", "Airways API"),
        ("/admin/login/", "Airways administration"),
    ],
)
def test_a_page_comes_complete(page: Page, path: str, heading: str) -> None:
    answer = page.goto(path, wait_until="networkidle")
    assert answer is not None
    assert answer.status == 200
    assert heading in page.locator("h1, h2, #site-name").first.inner_text()
    assert page.evaluate("isSecureContext")
    assert page.evaluate("[...document.images].filter((image) => !image.naturalWidth).length") == 0
    assert page.evaluate("[...document.styleSheets].length") > 0


def test_a_search_finds_an_airport(page: Page) -> None:
    page.goto("/")
    page.get_by_label("Search airports").fill("seattle-tacoma")
    page.get_by_role("button", name="Search airports").click()
    page.get_by_role("link", name="SEA", exact=True).click()
    expect(page).to_have_title(re.compile("^SEA Seattle-Tacoma"))
    expect(page.get_by_role("heading", name="Latest departures")).to_be_visible()


def test_a_flight_leads_to_its_airports(page: Page) -> None:
    page.goto("/flights/?origin=SEA")
    page.locator("tbody a").first.click()
    expect(page).to_have_title(re.compile(r"^SEA to [A-Z0-9]{3,4}, \d{4}-\d\d-\d\d \d\d:\d\d"))


@pytest.mark.usefixtures("no_remarks")
def test_a_remark_is_checked_then_taken_and_not_shown_before_an_editor_has_read_it(page: Page) -> None:
    page.goto("/airports/SEA/remarks/new/")
    page.get_by_label("Text").fill("Too short")
    page.get_by_label("Date").fill("2999-01-01")
    page.get_by_role("button", name="Send").click()
    faults = page.locator(".errorlist li")
    expect(faults.filter(has_text="This day is still to come.")).to_be_visible()
    expect(faults.filter(has_text="Ensure this value has at least 10 characters (it has 9).")).to_be_visible()
    page.get_by_label("Kind").select_option(label="Facilities")
    page.get_by_label("Date").fill(date(2024, 5, 17).isoformat())
    page.get_by_label("Text").fill(REMARK)
    page.get_by_label("Your name").fill(VISITOR)
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".notice")).to_contain_text("Thank you. Your remark was received")
    expect(page.locator(".remark-text")).to_have_text(REMARK)
    page.goto("/airports/SEA/")
    assert page.get_by_text(VISITOR).count() == 0


def sign_in(page: Page, password: str) -> None:
    page.goto("/admin/")
    page.get_by_label("Username").fill(os.environ["ADMIN_USERNAME"])
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def test_an_editor_signs_in_and_out(page: Page) -> None:
    sign_in(page, os.environ["ADMIN_PASSWORD"])
    expect(page.get_by_role("heading", name="Records")).to_be_visible()
    page.get_by_role("link", name="Airports", exact=True).click()
    expect(page.locator("#result_list tbody tr").first).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_text("Logged out", exact=True)).to_be_visible()
    page.goto("/admin/")
    expect(page.get_by_label("Password")).to_be_visible()


def test_a_wrong_password_is_refused(page: Page) -> None:
    sign_in(page, "not the password")
    expect(page.locator(".errornote")).to_contain_text("Please enter the correct username and password")


def test_a_report_draws_its_charts_from_its_figures(page: Page) -> None:
    page.goto("/reports/?since=2001-02-01&until=2001-02-14", wait_until="networkidle")
    charts = page.locator("svg.chart")
    expect(charts).to_have_count(2)
    expect(page.get_by_role("img", name="Mean delay by hour of departure")).to_be_visible()
    page.locator("summary").last.click()
    days = page.locator("section:has(summary) table").last.locator("tbody tr")
    shown = sum(int(text.replace(",", "")) for text in days.locator("td.number").all_inner_texts())
    assert shown == int(page.locator("dt:text('Flights') + dd").first.inner_text().replace(",", ""))
    with page.expect_download() as download:
        page.get_by_role("link", name="All flights as CSV").click()
    assert download.value.suggested_filename == "flights-2001-02-01-2001-02-14.csv"
    lines = Path(download.value.path()).read_text().splitlines()
    assert len(lines) == shown + 1


def test_pages_fit_a_telephone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    for path in ("/", "/airports/SEA/", "/reports/"):
        page.goto(path, wait_until="networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
