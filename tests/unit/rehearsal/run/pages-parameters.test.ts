import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { mainClient } from "../../../../rehearsal/checks/gateway-client.ts";
import { parameterFindings, tryParameters } from "../../../../rehearsal/run/pages/parameters.ts";
import { testGateway } from "../gateway.ts";

const ROWS = ["Abilene", "Boise", "Casper", "Denver", "Elko", "Fargo"];

/** A list that repeats what is sought, with a token that is another each time. */
async function heeds(list: (parameters: URLSearchParams) => readonly string[], ...paths: string[]) {
  const { environment } = await testGateway(({ path }) => {
    const { searchParams } = new URL(path, "https://this-host.invalid");
    const rows = list(searchParams).map((row) => `<li>${row}</li>`);
    const form = `<input name="q" value="${searchParams.get("q") ?? ""}"><a href="?${searchParams.toString()}">`;
    return { status: 200, body: `<i id="${randomUUID().replaceAll("-", "")}">${form}${rows.join("")}` };
  });
  return await tryParameters(mainClient(environment), Object.fromEntries(paths.map((path) => [path, [path]])));
}

describe("parameters of addresses", () => {
  it("are heeded where the answer is another", async () => {
    const sought = (parameters: URLSearchParams) =>
      ROWS.filter((row) => row.toLowerCase().includes(parameters.get("q") ?? ""));
    expect(await heeds(sought, "/towns/?q=bo", "/towns/")).toEqual({ "/towns/?q=bo": "heeded" });
    const paged = (parameters: URLSearchParams) => (parameters.get("page") === "2" ? ROWS.slice(3) : ROWS.slice(0, 3));
    expect(await heeds(paged, "/towns/?page=2")).toEqual({ "/towns/?page=2": "heeded" });
  });

  it("are ignored where nothing but themselves differs, and unclear where little does", async () => {
    expect(await heeds(() => ROWS, "/towns/?q=some+thing&page=2")).toEqual({
      "/towns/?q=some+thing&page=2": "ignored",
    });
    const little = (parameters: URLSearchParams) => (parameters.has("q") ? ROWS.slice(0, 5) : ROWS);
    expect(await heeds(little, "/towns/?q=x")).toEqual({ "/towns/?q=x": "unclear" });
    expect(await heeds(() => ROWS, "/towns/?q=%E0%A4%A")).toEqual({ "/towns/?q=%E0%A4%A": "unclear" });
  });

  it("stop the release where they were heeded, and are ignored", () => {
    const kind = "/towns/?q";
    expect(parameterFindings({ [kind]: "ignored" }, { [kind]: "heeded" })).toMatchObject([
      { id: "pages.parameter", severity: "blocking", subject: kind },
    ]);
    for (const [now, before] of [
      ["heeded", "heeded"],
      ["unclear", "heeded"],
      ["ignored", "ignored"],
      ["ignored", "unclear"],
    ] as const) {
      expect(parameterFindings({ [kind]: now }, { [kind]: before })).toEqual([]);
    }
    expect(parameterFindings({}, { [kind]: "heeded" })).toEqual([]);
  });
});
