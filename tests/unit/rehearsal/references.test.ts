import { describe, expect, it } from "vitest";
import { assetsOf, assetsOfStyle, linksOf, linksOfJson, searchesOf } from "../../../rehearsal/checks/references.ts";

describe("files that a page references", () => {
  it("are found in every form of HTML", () => {
    const html = `
      <link rel=stylesheet href="/static/a.css?v=1"> <img SRC = '/static/b.png'> <script src=/static/c.js></script>
      <svg><use href="/static/d.svg#icon"></use></svg> <img srcset="e.png 1x, /static/f.png 2x">
      <style>body { background: url("g.png") }</style> <video poster="/h.jpg"></video> <link rel="Shortcut Icon" href="i.ico">`;
    expect(assetsOf(html, "/shop/").sort()).toEqual(
      [
        "/static/a.css?v=1",
        "/static/b.png",
        "/static/c.js",
        "/static/d.svg",
        "/shop/e.png",
        "/static/f.png",
        "/shop/g.png",
        "/h.jpg",
        "/shop/i.ico",
      ].sort(),
    );
  });

  it("are neither links, nor on other hosts, nor in the page itself", () => {
    const html = `
      <a href="/media/a.css">a</a> <img src="https://elsewhere.test/static/b.png"> <img src="data:image/png;base64,AA==">
      <link rel="canonical" href="/c"> <svg><use href="#d"></use></svg> <script>var e = "/static/e.js"</script> <img src="">`;
    expect(assetsOf(html)).toEqual([]);
  });

  it("of a style sheet are relative to it", () => {
    const css = `@import "a.css"; /* url(no.png) */ b { background: url( '../b.png' ) } c { src: url(/c.woff2?#iefix) }
      d { background: url(data:image/svg+xml;utf8,x) } e { background: url(//elsewhere.test/e.png) }`;
    expect(assetsOfStyle(css, "/static/css/site.css").sort()).toEqual(
      ["/c.woff2", "/static/b.png", "/static/css/a.css"].sort(),
    );
  });
});

describe("links", () => {
  it("of a page are those on the same host", () => {
    const html =
      '<a href="?page=2">2</a> <a href="/b/#c">b</a> <a href="mailto:a@b.test">m</a> <a href="//x.test/">x</a>';
    expect(linksOf(html, "/a/")).toEqual(["/a/?page=2", "/b/"]);
  });

  it("of JSON are absolute URLs, and paths under a name that says so", () => {
    const value = {
      airports: "https://shop.test/api/airports/",
      next: "/api/?page=2",
      file: "/srv/inbox/a.json",
      text: "see https://shop.test/x",
      template: "https://shop.test/{id}/",
      records: [{ image_url: "/media/a.png", tags: ["http://shop.test/tag"] }],
      nothing: null,
    };
    expect(linksOfJson(value)).toEqual([
      "https://shop.test/api/airports/",
      "/api/?page=2",
      "/media/a.png",
      "http://shop.test/tag",
    ]);
  });
});

describe("search forms", () => {
  const sent = (form: string) => searchesOf(form, "/flights/?page=2", "a");

  it("are sent with a letter where one types, and as they are elsewhere", () => {
    const fields = '<input name="q"><input type="hidden" name="sort" value="date"><select name="status"></select>';
    expect(sent(`<form>${fields}<input type="checkbox" name="all"></form>`)).toEqual([
      "/flights/?q=a&sort=date&status=",
    ]);
    expect(sent('<form method="GET" action="/search/"><input type="search" name="q"></form>')).toEqual([
      "/search/?q=a",
    ]);
  });

  it("are none that change something, ask for nothing, or are another site's", () => {
    expect(sent('<form method="post"><input name="q"></form>')).toEqual([]);
    expect(sent("<form><button>go</button></form>")).toEqual([]);
    expect(sent('<form action="https://elsewhere.example/"><input name="q"></form>')).toEqual([]);
  });
});
