import type Docker from "dockerode";
import type { Finding } from "../../finding.ts";

/**
 * Whether the host of an engine hands packets on to containers. Docker switches that on when it starts, and does not notice
 * when somebody switches it off; on the host itself everything is answered by Docker's own proxy.
 */
export async function forwardingFindings(engine: Docker): Promise<Finding[]> {
  const { IPv4Forwarding: forwards } = (await engine.info()) as { IPv4Forwarding?: boolean };
  if (forwards !== false) return [];
  return [
    {
      id: "prepare.forwarding",
      severity: "blocking",
      subject: "the engine's host",
      cause: "it forwards no packets of IPv4 (net.ipv4.ip_forward is 0)",
      consequence:
        "Nobody outside of the host reaches a published port, while every check on the host itself is answered.",
      remedy: "Set net.ipv4.ip_forward = 1 with sysctl and where the host's hardening sets it, and start Docker anew.",
    },
  ];
}
