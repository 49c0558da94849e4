import { type Html, html } from "./html.ts";

type Cell = Html | string | number;

/** A column of a table. `number` is set to the right. */
export interface Column {
  readonly label: string;
  readonly number?: boolean;
}

/**
 * A table that becomes a list of cards on a telephone. The roles are spelled out, as browsers forget them where a style
 * sheet displays a table as something else.
 */
export function table(caption: string, columns: readonly Column[], rows: readonly (readonly Cell[])[]): Html {
  return html`<table role="table" aria-label="${caption}">
<thead role="rowgroup"><tr role="row">${columns.map(
    ({ label, number }) => html`<th role="columnheader" scope="col"${kind(number)}>${label}</th>`,
  )}</tr></thead>
<tbody role="rowgroup">${rows.map(
    (cells) =>
      html`<tr role="row">${cells.map(
        (cell, index) =>
          html`<td role="cell" data-label="${columns[index]?.label}"${kind(columns[index]?.number)}>${cell}</td>`,
      )}</tr>
`,
  )}</tbody></table>`;
}

function kind(number: boolean | undefined): Html {
  return number === true ? html` class="number"` : html``;
}

/** A section of the page: its heading, one sentence on what it shows and how to read it, and that. */
export function section(id: string, title: string, explanation: string, ...body: readonly Html[]): Html {
  return html`<section id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${title}</h2>
<p class="explanation">${explanation}</p>
${body}
</section>
`;
}

/** Code that keeps its lines and breaks long ones. */
export function code(text: string): Html {
  return html`<pre><code>${text}</code></pre>`;
}

/** What is folded until somebody asks for it. */
export function folded(title: Html | string, body: Html | readonly Html[], open = false): Html {
  return html`<details${open ? html` open` : html``}><summary>${title}</summary>${body}</details>`;
}

/** A short word on a coloured ground. */
export function badge(tone: "good" | "bad" | "warn" | "plain", word: string): Html {
  return html`<span class="badge ${tone}">${word}</span>`;
}
