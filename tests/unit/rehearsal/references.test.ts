import { describe, expect, it } from "vitest";
import { assetsOf, assetsOfStyle, linksOf, linksOfJson } from "../../../rehearsal/checks/references.ts";

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
