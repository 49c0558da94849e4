/** What `fake:` can make. */
export const FAKES = [
  "name",
  "first-name",
  "last-name",
  "email",
  "phone",
  "address",
  "city",
  "company",
  "text",
] as const;

/** One of them. */
export type FakeKind = (typeof FAKES)[number];
