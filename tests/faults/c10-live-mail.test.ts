import { expect } from "vitest";
import { eventually } from "../integration/environment/running-environment.ts";
import { docker } from "../integration/images/support.ts";
import { describeFault } from "./harness/fault.ts";
import type { Staged } from "./harness/staged.ts";
import { testFaults, testFaultsTogether } from "./harness/whole-environment.ts";

describeFault({
  id: "C10",
  class: "configuration",
  title: "production's data beside a mail server that works: real mail is sent",
  covers:
    "ways out of an environment that should be sealed: networks that were attached, networks that are not closed any more, go-betweens",
});

/** Takes any mail and prints it: stands for a mail server of the outside, in the one network that has a way there. */
const MAIL_SERVER = `
import socketserver
class Mail(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(b"220 ready\\r\\n")
        data = False
        for line in self.rfile:
            word = line[:4].upper()
            if data:
                print(line.decode().strip(), flush=True)
                data = line.strip() != b"."
                if not data:
                    self.wfile.write(b"250 taken\\r\\n")
            elif word == b"DATA":
                data = True
                self.wfile.write(b"354 go on\\r\\n")
            else:
                self.wfile.write(b"221 bye\\r\\n" if word == b"QUIT" else b"250 ok\\r\\n")
socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer(("0.0.0.0", 2525), Mail).serve_forever()
`;
/** Hands connections on: what somebody starts to let one thing through. */
const GO_BETWEEN = `
import socket, threading
def pump(one, other):
    while data := one.recv(65536):
        other.sendall(data)
    other.shutdown(socket.SHUT_WR)
listener = socket.create_server(("0.0.0.0", 2525))
while True:
    client, _ = listener.accept()
    server = socket.create_connection(("mail", 2525))
    for pair in ((client, server), (server, client)):
        threading.Thread(target=pump, args=pair, daemon=True).start()
`;

/** Sends a mail to a customer from a task, and sees that it arrives. */
async function mailLeaves(twin: Staged, role: string, through?: string): Promise<void> {
  const server = await twin.beside(
    {
      Image: twin.image,
      Entrypoint: ["python3", "-u", "-c", MAIL_SERVER],
      User: "10001",
      NetworkingConfig: { EndpointsConfig: { [`${twin.name}-front`]: { Aliases: ["mail"] } } },
    },
    ["front"],
  );
  const { NetworkSettings } = await server.inspect();
  const address = NetworkSettings.Networks[`${twin.name}-front`]?.IPAddress ?? "";
  const script = [
    "import smtplib",
    `mail = smtplib.SMTP(${JSON.stringify(through ?? address)}, 2525, timeout=10)`,
    'mail.sendmail("shop@example.com", ["customer@example.com"], "Subject: your order\\n\\nhello")',
  ].join("\n");
  await eventually(
    "the mail server",
    async () => (await twin.exec(role, ["python3", "-c", script])).exitCode === 0,
    20,
  );
  const said = (await docker.getContainer(server.id).logs({ stdout: true, stderr: true })).toString("utf8");
  expect(said).toContain("Subject: your order");
}

/** @returns the address under which the application finds it */
async function startGoBetween(place: Staged): Promise<string> {
  const started = await place.beside(
    { Image: place.image, Entrypoint: ["python3", "-u", "-c", GO_BETWEEN], User: "10001" },
    ["app", "front"],
  );
  const { NetworkSettings } = await started.inspect();
  return NetworkSettings.Networks[`${place.name}-app`]?.IPAddress ?? "";
}

async function attach(place: Staged, role: string): Promise<void> {
  const Target = await place.networkId("front");
  await place.update(role, ({ TaskTemplate }) => {
    TaskTemplate.Networks = [...(TaskTemplate.Networks ?? []), { Target }];
  });
}

testFaultsTogether([
  {
    title: "the application is attached to a network that has a way out",
    byHand: (place) => attach(place, "app"),
    breaks: (twin) => mailLeaves(twin, "app"),
    caught: { id: "network.closed", words: /expected no way out of \S+-app; seen a route to 192\.0\.2\.1/ },
  },
  {
    title: "the ETL worker is attached to it",
    byHand: (place) => attach(place, "etl"),
    breaks: (twin) => mailLeaves(twin, "etl"),
    caught: { id: "network.closed", words: /expected no way out of \S+-etl; seen a route to 192\.0\.2\.1/ },
  },
]);

testFaults([
  {
    title: "a go-between in the application's network hands mail on",
    byHand: async (place) => {
      place.notes["go-between"] = await startGoBetween(place);
    },
    breaks: (twin) => mailLeaves(twin, "app", twin.notes["go-between"]),
    spoils: true,
    steps: ["logs", "drift"],
    caught: { id: "drift.undeclared-container", words: /found is container \S+, which is attached to network/ },
  },
]);
