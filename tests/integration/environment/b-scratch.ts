import { mkdirSync, writeFileSync } from "node:fs";
import { Checkout } from "./checkout.ts";
import { environmentObjects } from "./running-environment.ts";
import { createAuthority, issueCertificate } from "../../../components/certificate-authority.ts";
const only = process.argv[2] ?? "";
const cases: Record<string, (c: Checkout) => Promise<{exitCode:number, output:string}> | {exitCode:number, output:string}> = {};
const STACK = "it-faulty";
const own = (settings: Record<string, Record<string, unknown>>) => async (c: Checkout) => { await c.succeed("stack","init",STACK); c.configure(STACK, settings); return await c.pulumi("preview","--stack",STACK); };
cases["several"] = own({ app: { replicas: "two", colour: "red", name: "Reference_" }, gateway: { port: 70000 }, database: { name: "1 app" }, extra: { a: 1 } });
cases["source"] = own({ app: { source: "nowhere" } });
cases["nomanage"] = async (c) => { mkdirSync(c.path("empty")); return await own({ app: { source: "empty" } })(c); };
cases["secret"] = own({ app: { secrets: { API_KEY: "hunter2hunter2" } } });
cases["ports"] = own({ gateway: { port: 20100 }, database: { adminPort: 20100 } });
cases["parity"] = async (c) => { c.configure("production", { app: { adminUsername: "root" } , migration: { lockTimeoutSeconds: 7 } }); await c.succeed("stack","init","sandbox"); return await c.pulumi("preview","--stack","sandbox"); };
cases["norelease"] = async (c) => { await c.succeed("stack","init","production"); return await c.pulumi("preview","--stack","production"); };
cases["engine"] = own({ engine: { host: "unix:///nonexistent.sock" } });
cases["enginetcp"] = own({ engine: { host: "tcp://127.0.0.1:1" } });
cases["certs"] = async (c) => {
  await c.succeed("stack","init",STACK);
  const a = await createAuthority("x"); const b = await issueCertificate(a, ["x.example"]); const d = await issueCertificate(a, ["x.example"]);
  await c.setSecret(STACK, "rehearsal:tls.certificate.chain", b.chain); await c.setSecret(STACK, "rehearsal:tls.certificate.key", d.key);
  return await c.pulumi("preview","--stack",STACK);
};
cases["rehearse"] = async (c) => await c.rehearse("perform");
cases["rehearse2"] = async (c) => await c.rehearse("promote", "--into", "x");
cases["rehearse3"] = async (c) => await c.rehearse("promote", "--from", "nosuch");
cases["yaml"] = async (c) => { await c.succeed("stack","init",STACK); c.edit(`Pulumi.${STACK}.yaml`, t => t + "config:\n  rehearsal:app: [\n"); return await c.pulumi("preview","--stack",STACK); };
cases["unpinned"] = async (c) => { mkdirSync(c.path("unpinned")); writeFileSync(c.path("unpinned/manage.py"), "print()\n"); writeFileSync(c.path("unpinned/requirements.txt"), "django>=5\n"); return await own({ app: { source: "unpinned", name: "it-unpinned" } })(c); };
cases["section"] = own({});
for (const [name, run] of Object.entries(cases)) {
  if (only !== "" && !only.split(",").includes(name)) continue;
  const c = new Checkout();
  try { const { exitCode, output } = await run(c); console.log(`===== ${name}: ${exitCode}\n${output}`); } catch (e) { console.log(`===== ${name} threw`, e); }
  console.log("objects", await environmentObjects(`reference-${STACK}`));
}
