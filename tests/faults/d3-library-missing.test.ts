import { expect } from "vitest";
import { describeFault } from "./harness/fault.ts";
import { edited } from "./harness/stage.ts";
import type { Staged } from "./harness/staged.ts";
import { testFaults, testFaultsTogether } from "./harness/whole-environment.ts";

describeFault({
  id: "D3",
  class: "dependencies",
  title: "a system library or another version of Python is missing on a rare path",
  covers:
    "code that a release cannot load, wherever it is first loaded: modules of the project with what their functions import and which programs they start, compiled modules of packages, files of packages",
});

const PACKAGES = "/opt/venv/lib/python3*/site-packages";
const READ_IMAGE = ["python", "-c", "from PIL import Image; Image.new('RGB', (2, 2)).resize((1, 1))"];

/** Pages work as ever, and what a rare path does fails. */
function failsOn(command: readonly string[], words: string) {
  return async (twin: Staged) => {
    expect((await twin.get("/")).status).toBe(200);
    const { exitCode, said } = await twin.exec("app", ["/opt/rehearsal/run", "exec", "--", ...command]);
    expect(exitCode).not.toBe(0);
    expect(said).toContain(words);
  };
}

const DOWNLOADS = "reports/downloads.py";
const DELAYS = "flights/delays.py";
const PRINTED = `

def printed(page: str) -> bytes:
    import subprocess

    return subprocess.run(["wkhtmltopdf", page, "-"], check=True, capture_output=True).stdout
`;
const LATE = "def late():\n    ";

testFaultsTogether([
  {
    title: "a module of Python's own that the newer version lacks, imported in a function",
    release: {
      changes: {
        [DOWNLOADS]: `${edited(DOWNLOADS)[DOWNLOADS] ?? ""}\n\n${LATE}import imp\n    return imp\n`,
      },
    },
    breaks: failsOn(["python", "-c", "from reports.downloads import late; late()"], "No module named 'imp'"),
    caught: { id: "image.imports", words: /No module named 'imp'/ },
  },
  {
    title: "a program that the image lacks, started in a function",
    release: { changes: { [DELAYS]: `${edited(DELAYS)[DELAYS] ?? ""}${PRINTED}` } },
    breaks: failsOn(
      ["python", "-c", "from flights.delays import printed; printed('page')"],
      "No such file or directory: 'wkhtmltopdf'",
    ),
    caught: { id: "image.programs", words: /wkhtmltopdf in the image, which flights\.delays, line \d+ starts/ },
  },
]);

testFaults([
  {
    title: "a library that a compiled module is linked with",
    release: { steps: `RUN rm ${PACKAGES}/pillow.libs/libjpeg*` },
    breaks: failsOn(READ_IMAGE, "cannot open shared object file"),
    caught: { id: "image.requirements", words: /libjpeg\S*: cannot open shared object file/ },
  },
  {
    title: "a compiled module for another version of Python",
    release: {
      steps: `RUN for file in ${PACKAGES}/PIL/_imaging.cpython-*; do mv "$file" "$(dirname "$file")/_imaging.cpython-39-x86_64-linux-gnu.so"; done`,
    },
    breaks: failsOn(READ_IMAGE, "_imaging"),
    caught: { id: "image.requirements", words: /_imaging/ },
  },
  {
    title: "the same by the module's name in a text",
    release: {
      changes: {
        [DOWNLOADS]: `${edited(DOWNLOADS)[DOWNLOADS] ?? ""}\n\n${LATE}import importlib\n    return importlib.import_module("distutils.util")\n`,
      },
    },
    breaks: failsOn(["python", "-c", "from reports.downloads import late; late()"], "No module named 'distutils'"),
    caught: { id: "image.imports", words: /No module named 'distutils'/ },
  },
]);
