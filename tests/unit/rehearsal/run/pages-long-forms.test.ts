import { describe, expect, it } from "vitest";
import { mainClient } from "../../../../rehearsal/checks/gateway-client.ts";
import { longFormFindings } from "../../../../rehearsal/run/pages/long-forms.ts";
import { testGateway } from "../gateway.ts";

const options = (count: number) =>
  Array.from({ length: count }, (_, at) => `<option value="airport-${at}">Airport ${at}</option>`).join("");

const page = (path: string, body: string) => ({ status: 200, headers: { "content-type": "text/html" }, path, body });

describe("forms that are sent as addresses, with all that can be chosen", () => {
  const form = (count: number, method = "get") =>
    page(
      "/flights/",
      `<form method="${method}" action="/flights/find/"><select name="at" multiple>${options(count)}</select></form>`,
    );

  async function found(most: number, form: ReturnType<typeof page>, before?: readonly string[]) {
    const asked: string[] = [];
    const { environment } = await testGateway(({ path }) => {
      asked.push(path);
      return { status: path.length > most ? 414 : 200, body: "" };
    });
    return { ...(await longFormFindings(mainClient(environment), [form], before)), asked };
  }

  it("must be answered", async () => {
    const answered = await found(10_000, form(200));
    expect(answered.findings).toEqual([]);
    expect(answered.answered).toEqual(["/flights/"]);
    expect(answered.asked[0]).toMatch(/^\/flights\/find\/\?at=airport-0&at=airport-1&/);
    const { findings } = await found(4000, form(300), []);
    expect(findings).toMatchObject([{ id: "pages.form-too-long", severity: "blocking", subject: "/flights/" }]);
    expect(findings[0]?.cause).toMatch(
      /^its form with all that can be chosen makes an address of \d+ characters, which is not answered \(status 414\)$/,
    );
    expect((await found(4000, form(300))).findings).toMatchObject([{ severity: "warning" }]);
  });

  it("are left alone where they are short, or sent in another way", async () => {
    for (const short of [form(20), form(300, "post"), page("/", "<form><input name=q></form>")]) {
      expect(await found(4000, short)).toEqual({ findings: [], answered: [], asked: [] });
    }
  });
});
