/** An image's name in parts: `registry:5000/team/app:1` is repository `registry:5000/team/app`, tag `1`. */
export function splitImageName(name: string): { readonly repository: string; readonly tag: string } {
  const [reference = name] = name.split("@");
  const colon = reference.lastIndexOf(":");
  const isTag = colon > reference.lastIndexOf("/");
  return isTag
    ? { repository: reference.slice(0, colon), tag: reference.slice(colon + 1) }
    : { repository: reference, tag: "latest" };
}

/** The entry of an image's digests that belongs to the repository it was asked for by, else any; undefined for local images. */
export function repoDigestOf(name: string, digests: readonly string[] | null | undefined): string | undefined {
  const { repository } = splitImageName(name);
  const known = digests ?? [];
  return known.find((digest) => digest.startsWith(`${repository}@`)) ?? known[0];
}
