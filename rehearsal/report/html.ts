/** Text that is markup already. */
export class Html {
  readonly #text: string;

  public constructor(text: string) {
    this.#text = text;
  }

  public toString(): string {
    return this.#text;
  }
}

type Content = Html | string | number | null | undefined | false | readonly Content[];

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/**
 * Tagged template for markup. What is put in is text and is escaped, unless it came out of this function; lists are
 * joined; null, undefined and false are nothing. Attribute values need their quotes in the template.
 */
export function html(parts: TemplateStringsArray, ...contents: readonly Content[]): Html {
  return new Html(parts.map((part, index) => part + (index < contents.length ? render(contents[index]) : "")).join(""));
}

function render(content: Content): string {
  if (content === null || content === undefined || content === false) return "";
  if (content instanceof Html) return content.toString();
  if (typeof content === "object") return content.map(render).join("");
  return printable(String(content)).replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}

/** Text without control characters, which a terminal obeys and HTML forbids. Lines and tabs stay. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  return text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "\ufffd");
}
