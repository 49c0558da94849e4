import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, it } from "vitest";
import { requirementFindings } from "../../rehearsal/run/prepare/requirements.ts";
import { describeFault, recordFindings } from "./harness/fault.ts";
import type { Staged } from "./harness/staged.ts";
import { testFaults } from "./harness/whole-environment.ts";

describeFault({
  id: "D1",
  class: "dependencies",
  title: "a dependency that was not pinned has changed: the application does not start",
  covers:
    "other code than the one that was tested: requirements that leave open what is installed, packages that lack what they need, processes that end at their start",
});

const PACKAGES = "/opt/venv/lib/python3*/site-packages";
/** Compiled modules are taken without a look at their source. */
const forgetCompiled = (name: string) => `rm -r ${PACKAGES}/${name}/__pycache__`;

async function isDown(twin: Staged): Promise<void> {
  expect(twin.failures.join("\n")).toContain(`${twin.name}-app`);
  expect([0, 502, 503, 504]).toContain((await twin.get("/")).status);
}

testFaults([
  {
    title: "a package that is imported at the start is gone",
    release: { steps: `RUN rm -r ${PACKAGES}/django_filters` },
    breaks: isDown,
    caught: { id: "rollout.failed", words: /No module named 'django_filters'/ },
  },
  {
    title: "its new version has renamed what the code imports",
    release: {
      steps: `RUN sed -i 's/FilterSet\\b/Filters/g' ${PACKAGES}/django_filters/filterset.py ${PACKAGES}/django_filters/__init__.py && ${forgetCompiled("django_filters")}`,
    },
    breaks: isDown,
    caught: { id: "rollout.failed", words: /ImportError|cannot import name|has no attribute/ },
  },
  {
    title: "a package of a package has another version than that needs",
    release: {
      steps: `RUN sed -i 's/^Version: .*/Version: 0.1/' ${PACKAGES}/sqlparse-*.dist-info/METADATA && sed -i 's/def split/def split_all/' ${PACKAGES}/sqlparse/__init__.py && ${forgetCompiled("sqlparse")}`,
    },
    breaks: async (twin) => {
      // Only a migration with raw SQL comes by there.
      const { exitCode } = await twin.exec("app", ["python", "-c", "import sqlparse; sqlparse.split('')"]);
      expect(exitCode).not.toBe(0);
    },
    caught: { id: "image.requirements", words: /requires sqlparse\S+; installed is 0\.1/ },
  },
]);

it.each([
  ["a version is left open", "django>=5.2\n", "requirements.txt: django>=5.2"],
  ["an address names no content", "django @ https://example.com/django.tar.gz\n", "django @"],
  ["an included file leaves it open", "-r base.txt\n", "base.txt: django"],
])("is refused before it is built where %s", (_what, text, found) => {
  const folder = mkdtempSync(path.join(tmpdir(), "fault-requirements-"));
  try {
    writeFileSync(path.join(folder, "requirements.txt"), text);
    writeFileSync(path.join(folder, "base.txt"), "django\n");
    const findings = requirementFindings(folder).filter(({ severity }) => severity === "blocking");
    recordFindings(findings.map(({ id }) => id));
    expect(findings.map(({ subject }) => subject)).toEqual([expect.stringContaining(found)]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
