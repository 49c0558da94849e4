import { describe, expect, it } from "vitest";
import { differingFiles } from "../../../../rehearsal/run/drift/static-files.ts";

describe("static files that are served otherwise than the release has them", () => {
  it("are those that differ, and those that are missing", () => {
    expect(
      differingFiles([
        "Files /release/static/flights/site.0123456789ab.css and /srv/static/flights/site.0123456789ab.css differ",
        "Only in /release/static/admin: base.css",
        "Only in /release/static: icon.svg",
      ]),
    ).toEqual(["flights/site.0123456789ab.css", "admin/base.css", "icon.svg"]);
  });

  it("are none that releases before have left", () => {
    expect(differingFiles(["Only in /srv/static: .releases", "Only in /srv/static/flights: site.old.css"])).toEqual([]);
  });
});
