/**
 * The outputs of an environment that this page uses.
 * @typedef {object} Outputs
 * @property {string[]} [urls]
 * @property {string} [release]
 * @property {string} [certificateAuthority] PEM
 * @property {string} [adminUsername]
 * @property {string} [logs] a command
 */

/**
 * What to look at once the sandbox is up.
 * @param {Outputs} outputs of the stack
 * @param {string} authority the file that holds the sandbox's certificate authority
 * @param {string | undefined} activation the command to run before `pulumi` in a shell, where one is needed
 * @returns {string}
 */
export function tour({ urls = [], release, certificateAuthority, adminUsername, logs }, authority, activation) {
  const url = urls[0];
  /** @type {[string, string[]][]} */
  const parts = [];
  if (url) parts.push([`The sandbox is up${release ? `, release ${release}` : ""}:`, urls]);
  if (url && certificateAuthority) {
    parts.push([
      `Its certificates come from an authority of its own, ${authority}:`,
      [
        `curl --cacert ${authority} ${url}`,
        `Firefox: Settings, Privacy & Security, View Certificates, Authorities, Import: ${authority}`,
        `Chromium: certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n rehearsal-sandbox -i ${authority}`,
        `the whole machine: sudo cp ${authority} /usr/local/share/ca-certificates/rehearsal-sandbox.crt && sudo update-ca-certificates`,
      ],
    ]);
  }
  if (activation) parts.push(["For the commands below, first in your shell:", [activation]]);
  if (url && adminUsername) {
    parts.push([
      `Admin: ${new URL("/admin/", url).href}, user ${adminUsername}, password from:`,
      ["pulumi stack output adminPassword --show-secrets --stack sandbox"],
    ]);
  }
  if (logs) parts.push(["Logs:", [logs]]);
  parts.push([
    "Change something and bring it up again, or take all of it away:",
    ["pulumi up --stack sandbox", "pulumi destroy --stack sandbox"],
  ]);
  return parts.map(([title, lines]) => `${title}\n${lines.map((line) => `  ${line}\n`).join("")}`).join("\n");
}
