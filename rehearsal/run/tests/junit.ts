import { DOMParser } from "linkedom";

/** How one test ended. */
export interface TestCase {
  /** With the class or module that it is in. */
  readonly name: string;
  readonly status: "passed" | "failed" | "skipped";
  /** What the failed test said, in a line and in full. */
  readonly message: string;
  readonly details: string;
}

/** The part of a DOM that is read here: the library's own types are those of a browser. */
interface XmlElement {
  readonly localName: string;
  readonly textContent: string;
  readonly children: ArrayLike<XmlElement>;
  getAttributeNode(name: string): { readonly value: string } | null;
  querySelectorAll(selector: string): ArrayLike<XmlElement>;
}

/**
 * Reads a report in JUnit's XML, which runners of tests in every language write: `testsuite` with `testcase`, of which
 * one that did not pass holds `failure`, `error` or `skipped`.
 *
 * @throws Error where it is something else, or ends before its end
 */
export function readJunit(xml: string): TestCase[] {
  const { documentElement } = new DOMParser().parseFromString(xml, "text/xml") as unknown as {
    documentElement: XmlElement | null;
  };
  const root = documentElement?.localName ?? "";
  if (documentElement === null || !["testsuites", "testsuite"].includes(root)) {
    throw new Error(
      `a report must have testsuites or testsuite as its root; found ${root === "" ? "no XML" : JSON.stringify(root)}`,
    );
  }
  // The parser closes what was cut off.
  if (!new RegExp(`(</${root}>|/>)\\s*(<!--[^]*-->\\s*)?$`).test(xml)) {
    throw new Error(`a report must end with </${root}>; it was cut off`);
  }
  const suites = [...(root === "testsuite" ? [documentElement] : []), ...elements(documentElement, "testsuite")];
  for (const suite of suites) {
    const [told, held] = [Number(attribute(suite, "tests")), elements(suite, "testcase").length];
    if (told > held) {
      const name = attribute(suite, "name");
      throw new Error(
        `a report must hold the tests that it counts; testsuite ${JSON.stringify(name)} says ${told} and holds ${held}`,
      );
    }
  }
  return elements(documentElement, "testcase").map(testCase);
}

function testCase(element: XmlElement): TestCase {
  const name = [attribute(element, "classname"), attribute(element, "name")].filter((part) => part !== "");
  const outcomes = [...Array.from(element.children)];
  const wrong = outcomes.find(({ localName }) => localName === "failure" || localName === "error");
  const skipped = outcomes.some(({ localName }) => localName === "skipped");
  const details = wrong?.textContent.trim() ?? "";
  return {
    name: name.join("."),
    status: wrong !== undefined ? "failed" : skipped ? "skipped" : "passed",
    message: firstLine(wrong === undefined ? "" : attribute(wrong, "message")) || firstLine(details),
    details,
  };
}

/** Its value, empty where it is not set. The parser's `getAttribute` gives it escaped, as it stands in XML. */
function attribute(element: XmlElement, name: string): string {
  return element.getAttributeNode(name)?.value ?? "";
}

function elements(below: XmlElement, name: string): XmlElement[] {
  return Array.from(below.querySelectorAll(name));
}

function firstLine(text: string): string {
  return (
    text
      .split("\n")
      .find((line) => line.trim() !== "")
      ?.trim() ?? ""
  );
}
