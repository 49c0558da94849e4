import { createHash } from "node:crypto";
import { Html, html } from "./html.ts";
import { STYLE } from "./page-style.ts";

/** What a page is made of. */
export interface Page {
  readonly title: string;
  readonly header: Html;
  readonly main: Html;
  readonly footer: Html | string;
  /** Comfort alone: the page is complete without it. */
  readonly script?: string;
}

/** One HTML page that needs nothing beside itself: no other file, no network. */
export function page({ title, header, main, footer, script }: Page): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy(script)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
${header}<main>
${main}</main>
<footer>${footer}</footer>
${
  script !== undefined &&
  html`<script>${new Html(script)}</script>
`
}</body>
</html>
`.toString();
}

/** What the page may load: nothing. A text that slipped through as markup could do nothing either. */
function policy(script: string | undefined): string {
  const allowed =
    script === undefined ? "" : `script-src 'sha256-${createHash("sha256").update(script).digest("base64")}'; `;
  return `default-src 'none'; style-src 'unsafe-inline'; ${allowed}base-uri 'none'; form-action 'none'`;
}
