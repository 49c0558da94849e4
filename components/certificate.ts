import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { type Authority, createAuthority, type IssuedCertificate, issueCertificate } from "./certificate-authority.ts";

/** Arguments of the gateway's certificate. */
export interface CertificateArgs {
  readonly environmentName: string;
  /** Full hostnames that it must cover. */
  readonly hostnames: readonly string[];
  /** `generated`, or the certificate and key that were given. */
  readonly certificate:
    | "generated"
    | { readonly chain: string; readonly key: string; readonly authority?: string | undefined };
}

/**
 * The certificate that the gateway serves: the given one, or one of the same shape (several hostnames, wildcard, chain)
 * from an authority of the environment's own, made once and kept in state.
 *
 * A generated certificate is named after the hostnames that it covers: other hostnames make another one.
 */
export class Certificate extends pulumi.ComponentResource {
  public readonly chain: pulumi.Output<string>;
  public readonly key: pulumi.Output<string>;
  /** Certificate of the authority to verify with (PEM); empty where a public one has issued. */
  public readonly authority: pulumi.Output<string>;

  public constructor(name: string, args: CertificateArgs, opts?: pulumi.ComponentResourceOptions) {
    super("rehearsal:index:Certificate", name, {}, opts);
    const { certificate } = args;
    const given = certificate !== "generated";
    // A given certificate is held in the same way, so that environments do not differ in their resources.
    const held = { parent: this, ignoreChanges: given ? [] : ["input"] };
    const authority = new pulumi.Stash(
      `${name}-authority`,
      {
        input: given
          ? pulumi.secret({ root: certificate.authority ?? "" })
          : pulumi.secret(createAuthority(args.environmentName)),
      },
      held,
    );
    const server = new pulumi.Stash(
      `${name}-server-${fingerprint(args.hostnames)}`,
      {
        input: pulumi.secret(
          authority.input.apply((made) =>
            given
              ? { chain: certificate.chain, key: certificate.key }
              : issueCertificate(made as Authority, args.hostnames),
          ),
        ),
      },
      held,
    );
    const issued = server.input.apply((value) => value as IssuedCertificate);
    this.chain = pulumi.unsecret(issued.chain);
    this.key = issued.key;
    this.authority = pulumi.unsecret(authority.input.apply((made) => (made as Authority).root));
    this.registerOutputs();
  }
}

function fingerprint(hostnames: readonly string[]): string {
  return createHash("sha256").update(hostnames.join(" ")).digest("hex").slice(0, 8);
}
