/** COPY's text form: fields end with a tab, rows with a line feed; NULL is `\N`. */
export const TAB = 9;
export const LINE_FEED = 10;
const BACKSLASH = 92;
const NULL = Buffer.from("\\N");

const ESCAPES: Record<string, string> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };
const TO_ESCAPE: Record<string, string> = {
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  "\\": "\\\\",
};

/** The value of a field; undefined for NULL. */
export function fieldValue(field: Buffer): string | undefined {
  if (field.equals(NULL)) return undefined;
  const text = field.toString("utf8");
  if (!field.includes(BACKSLASH)) return text;
  return text.replace(/\\(.)/gs, (_, character: string) => ESCAPES[character] ?? character);
}

/** The field of a value. */
export function fieldOf(value: string | undefined): Buffer {
  if (value === undefined) return NULL;
  return Buffer.from(
    value.replace(/[\b\f\n\r\t\v\\]/g, (character) => TO_ESCAPE[character] ?? character),
    "utf8",
  );
}
