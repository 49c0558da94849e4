import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { contentTag, folderHash } from "../../../engine/build-context.ts";

describe("a content's tag", () => {
  it("is the same for the same parts, and another one for others", () => {
    expect(contentTag("a", "b")).toBe(contentTag("a", "b"));
    expect(contentTag("a", "b")).not.toBe(contentTag("b", "a"));
    expect(contentTag("a", "b")).not.toBe(contentTag("ab"));
    expect(contentTag("a", "")).not.toBe(contentTag("a"));
  });

  it("can stand in an image's name", () => {
    expect(contentTag("a")).toMatch(/^[0-9a-f]{12}$/);
  });
});

describe("a folder's hash", () => {
  let folder = "";

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "context-"));
    write("manage.py", "print('manage')");
    write("app/models.py", "class Model: ...");
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  function write(file: string, text: string): void {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), text);
  }

  /** The hashes before and after a change. */
  function around(change: () => void): { before: string; after: string } {
    const before = folderHash(folder);
    change();
    return { before, after: folderHash(folder) };
  }

  it("stays when times change or the folder moves", () => {
    const { before, after } = around(() => {
      utimesSync(path.join(folder, "manage.py"), 1, 1);
      renameSync(folder, `${folder}-moved`);
      folder = `${folder}-moved`;
    });
    expect(after).toBe(before);
  });

  it.each<[what: string, change: () => void]>([
    [
      "a file's content",
      () => {
        write("app/models.py", "class Model: pass");
      },
    ],
    [
      "a new file",
      () => {
        write("app/__init__.py", "");
      },
    ],
    [
      "a file that is gone",
      () => {
        rmSync(path.join(folder, "app/models.py"));
      },
    ],
    [
      "a file's name",
      () => {
        renameSync(path.join(folder, "manage.py"), path.join(folder, "manager.py"));
      },
    ],
    [
      "a file that moved to another folder",
      () => {
        renameSync(path.join(folder, "manage.py"), path.join(folder, "app/manage.py"));
      },
    ],
    [
      "the executable bit",
      () => {
        chmodSync(path.join(folder, "manage.py"), 0o755);
      },
    ],
    [
      "where a link points",
      () => {
        symlinkSync("models.py", path.join(folder, "app/link.py"));
      },
    ],
  ])("changes with %s", (_, change) => {
    const { before, after } = around(change);
    expect(after).not.toBe(before);
  });

  it("tells two links apart by where they point, without following them", () => {
    symlinkSync("/no/such/place", path.join(folder, "link"));
    const { before, after } = around(() => {
      rmSync(path.join(folder, "link"));
      symlinkSync("/another/place", path.join(folder, "link"));
    });
    expect(after).not.toBe(before);
  });

  it("keeps apart contents that move between two files", () => {
    write("a", "1");
    write("b", "2");
    const { before, after } = around(() => {
      write("a", "2");
      write("b", "1");
    });
    expect(after).not.toBe(before);
  });

  it("leaves out what .dockerignore leaves out of the build, and nothing else", () => {
    write(".dockerignore", "**/__pycache__\n*.log\n!keep.log\ndata/\n");
    const { before, after } = around(() => {
      write("app/__pycache__/models.pyc", "x");
      write("debug.log", "x");
      write("data/rows.csv", "x");
    });
    expect(after).toBe(before);
    write("keep.log", "x");
    expect(folderHash(folder)).not.toBe(before);
  });

  it("changes with a file that is not ignored below an ignored pattern's root", () => {
    write(".dockerignore", "*.log\n");
    const { before, after } = around(() => {
      write("app/kept.log", "x");
    });
    expect(after).not.toBe(before);
  });

  it("changes with .dockerignore itself", () => {
    const { before, after } = around(() => {
      write(".dockerignore", "nothing-there\n");
    });
    expect(after).not.toBe(before);
  });

  it("of a folder that is not there is an error that names it", () => {
    expect(() => folderHash("no/such/folder")).toThrow(
      "build context no/such/folder must be an existing folder; found nothing there.",
    );
  });
});
