/** The parts of an id `DATABASE.NAME`. */
export function splitId(id: string, type: string): [database: string, name: string] {
  const dot = id.indexOf(".");
  if (dot < 1 || dot === id.length - 1) {
    throw new Error(`The id of a ${type} must be DATABASE.NAME; found ${JSON.stringify(id)}`);
  }
  return [id.slice(0, dot), id.slice(dot + 1)];
}
