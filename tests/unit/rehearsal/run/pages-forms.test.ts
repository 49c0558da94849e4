import { describe, expect, it } from "vitest";
import type { Followed } from "../../../../rehearsal/checks/followed-links.ts";
import { cookiePathFindings, referrerFindings } from "../../../../rehearsal/run/pages/forms.ts";

function answering(body: string, headers: Record<string, string | string[]> = {}): Followed {
  const answer = { status: 200, headers: { "content-type": "text/html", ...headers }, body, path: "/shop/order/" };
  return { path: "/shop/order/", from: "/", status: 200, answer };
}

const form = (action = "") =>
  `<form method="post" action="${action}"><input name="csrfmiddlewaretoken" value="x"></form>`;

describe("a page with a form", () => {
  it("lets browsers say where the form comes from", () => {
    expect(referrerFindings([answering(form(), { "referrer-policy": "no-referrer" })])).toMatchObject([
      { id: "pages.form-origin" },
    ]);
    expect(referrerFindings([answering(form(), { "referrer-policy": "same-origin" })])).toEqual([]);
    expect(referrerFindings([answering("no form", { "referrer-policy": "no-referrer" })])).toEqual([]);
  });

  it("sets no cookie that browsers do not send with the form", () => {
    const set = (path: string) => ({ "set-cookie": [`csrftoken=a; Path=${path}; Secure`] });
    const found = cookiePathFindings([answering(form(), set("/admin/")), answering(form(), set("/admin/"))]);
    expect(found).toMatchObject([{ id: "pages.form-cookie", severity: "blocking", subject: "/shop/order/" }]);
    expect(found[0]?.cause).toContain("sent to /shop/order/, and the page sets cookie csrftoken with Path=/admin/");
    expect(cookiePathFindings([answering(form("/cart/"), set("/shop/"))])[0]?.cause).toContain("sent to /cart/");
    expect(cookiePathFindings([answering(form(), set("/shop/ord"))])).toHaveLength(1);
  });

  it("may set cookies of the whole site, of the pages below, or none", () => {
    for (const path of ["/", "/shop", "/shop/", "/shop/order/", "not-a-path"]) {
      expect(cookiePathFindings([answering(form(), { "set-cookie": `a=b; Path=${path}` })]), path).toEqual([]);
    }
    expect(cookiePathFindings([answering(form(), { "set-cookie": "a=b; Secure" }), answering(form())])).toEqual([]);
    expect(cookiePathFindings([answering("no form", { "set-cookie": "a=b; Path=/admin/" })])).toEqual([]);
  });
});
