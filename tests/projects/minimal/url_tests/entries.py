"""Looks at each entry that the page shows, and writes what it found as JUnit's XML."""

import os
import re
import sys
from urllib.request import urlopen
from xml.sax.saxutils import quoteattr

with urlopen(os.environ["GUESTBOOK_URL"] + "/") as answer:
    page = answer.read().decode()
shown = re.findall(r"<strong>(.*?)</strong>", page)
tests = {"page_answers": "", **{f"entry_of_{name}": "" if name.istitle() else f"{name} is no name" for name in shown}}
failures = [fault for fault in tests.values() if fault]
cases = "".join(
    f'<testcase classname="guestbook" name={quoteattr(name)}>{f"<failure message={quoteattr(fault)}/>" if fault else ""}'
    "</testcase>"
    for name, fault in tests.items()
)
with open(os.environ["JUNIT_XML"], "w", encoding="utf-8") as report:
    report.write(f'<testsuite name="entries" tests="{len(tests)}" failures="{len(failures)}">{cases}</testsuite>')
print(f"looked at {len(shown)} entries")
sys.exit(1 if failures else 0)
