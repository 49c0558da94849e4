/**
 * Changes every string of a JSON text that is a value; keys, numbers, white space and order stay as they are written.
 */
export function mapJsonStrings(json: string, change: (value: string) => string): string {
  return json.replace(/"(?:[^"\\]|\\.)*"(\s*:)?/gs, (token: string, colon: string | undefined) =>
    colon === undefined ? JSON.stringify(change(JSON.parse(token) as string)) : token,
  );
}

/** Changes every element of an array in PostgreSQL's output; NULL elements, bounds and dimensions stay. */
export function mapArrayElements(array: string, change: (value: string) => string): string {
  const [bounds = ""] = /^(\[-?\d+:-?\d+\])+=/.exec(array) ?? [];
  const body = array.slice(bounds.length).replace(/"((?:[^"\\]|\\.)*)"|[^{},"]+/gs, (token, quoted?: string) => {
    if (quoted === undefined && token === "NULL") return token;
    const value = quoted === undefined ? token : quoted.replace(/\\(.)/gs, "$1");
    return element(change(value));
  });
  return bounds + body;
}

/** Quoted where PostgreSQL itself would: what is read back is then what was written. */
function element(value: string): string {
  const plain = value !== "" && !/[{}",\\ \t\n\r\v\f]/.test(value) && value.toUpperCase() !== "NULL";
  return plain ? value : `"${value.replace(/["\\]/g, "\\$&")}"`;
}
