/** Whether a host is one of an environment's, of which some may be wildcards (`*.example.com`). */
export function isOneOf(hostnames: readonly string[], host: string): boolean {
  return hostnames.some((name) => (name.startsWith("*.") ? host.endsWith(name.slice(1)) : host === name));
}
