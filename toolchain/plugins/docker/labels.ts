/** One entry of the official plugin's label sets. */
export interface Label {
  readonly label: string;
  readonly value: string;
}

/** Label entries as the engine wants them. */
export function toLabels(entries: readonly Label[] | undefined): Record<string, string> {
  return Object.fromEntries((entries ?? []).map(({ label, value }) => [label, value]));
}

/** The engine's labels as entries, by name. */
export function fromLabels(labels: Readonly<Record<string, string>> | null | undefined): Label[] {
  const entries = Object.entries(labels ?? {}).map(([label, value]) => ({ label, value }));
  return entries.sort((a, b) => (a.label < b.label ? -1 : 1));
}
