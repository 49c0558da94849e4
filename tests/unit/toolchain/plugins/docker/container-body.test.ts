import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { createBody, updateBody } from "../../../../../toolchain/plugins/docker/container/create-body.ts";
import { demultiplexed } from "../../../../../toolchain/plugins/docker/container/logs.ts";
import { contentOf } from "../../../../../toolchain/plugins/docker/container/uploads.ts";

describe("a container's request", () => {
  test("leaves to the engine what is not declared", () => {
    expect(createBody({ name: "c", image: "i" })).toEqual({
      Image: "i",
      Tty: false,
      OpenStdin: false,
      Labels: {},
      ExposedPorts: {},
      Volumes: {},
      HostConfig: {
        CpuShares: 0,
        CpusetCpus: "",
        Memory: 0,
        MemoryReservation: 0,
        AutoRemove: false,
        Binds: [],
        VolumesFrom: [],
        PortBindings: {},
        PublishAllPorts: false,
        RestartPolicy: { Name: "no", MaximumRetryCount: 0 },
        NetworkMode: "bridge",
        Privileged: false,
        ReadonlyRootfs: false,
      },
    });
  });

  test("binds ports to the address that is given, or to all", () => {
    const { ExposedPorts, HostConfig } = createBody({
      name: "c",
      image: "i",
      ports: [
        { internal: 5432, external: 15432, ip: "127.0.0.1" },
        { internal: 53, protocol: "udp" },
      ],
    });
    expect(ExposedPorts).toEqual({ "5432/tcp": {}, "53/udp": {} });
    expect(HostConfig?.PortBindings).toEqual({
      "5432/tcp": [{ HostIp: "127.0.0.1", HostPort: "15432" }],
      "53/udp": [{ HostIp: "0.0.0.0", HostPort: "" }],
    });
  });

  test("tells volumes by name, folders of the host, other containers' and anonymous ones apart", () => {
    const { Volumes, HostConfig } = createBody({
      name: "c",
      image: "i",
      volumes: [
        { volumeName: "data", containerPath: "/data" },
        { hostPath: "/etc", volumeName: "ignored", containerPath: "/host", readOnly: true, selinuxRelabel: "z" },
        { fromContainer: "other", readOnly: true },
        { containerPath: "/anonymous" },
      ],
    });
    expect(Volumes).toEqual({ "/anonymous": {} });
    expect(HostConfig).toMatchObject({ Binds: ["data:/data:rw", "/etc:/host:ro,z"], VolumesFrom: ["other:ro"] });
    expect(() => createBody({ name: "c", image: "i", volumes: [{}] })).toThrow(
      "needs either containerPath or fromContainer",
    );
  });

  test("changes limits in mebibytes, -1 being no limit of swap", () => {
    expect(updateBody({ name: "c", image: "i", memory: 64, memorySwap: -1, cpus: "1.5", restart: "always" })).toEqual({
      RestartPolicy: { Name: "always", MaximumRetryCount: 0 },
      CpuShares: 0,
      CpusetCpus: "",
      NanoCpus: 1.5e9,
      Memory: 64 * 1024 * 1024,
      MemoryReservation: 0,
      MemorySwap: -1,
    });
  });
});

describe("an upload", () => {
  test("takes its content from exactly one place", () => {
    const folder = mkdtempSync(path.join(tmpdir(), "upload-"));
    try {
      const source = path.join(folder, "file");
      writeFileSync(source, "from a file");
      expect(contentOf({ file: "/f", source }).toString()).toBe("from a file");
    } finally {
      rmSync(folder, { recursive: true });
    }
    expect(contentOf({ file: "/f", content: "text" }).toString()).toBe("text");
    expect(contentOf({ file: "/f", contentBase64: "dGV4dA==" }).toString()).toBe("text");
    expect(() => contentOf({ file: "/f" })).toThrow("exactly one of content, contentBase64 and source; found none");
    expect(() => contentOf({ file: "/f", content: "a", source: "b" })).toThrow("found content and source");
  });
});

test("a log's frames are put together in their order", () => {
  const frame = (stream: number, text: string): Buffer => {
    const header = Buffer.alloc(8);
    header[0] = stream;
    header.writeUInt32BE(Buffer.byteLength(text), 4);
    return Buffer.concat([header, Buffer.from(text)]);
  };
  expect(demultiplexed(Buffer.concat([frame(1, "out\n"), frame(2, "err ü\n"), frame(1, "")]))).toBe("out\nerr ü\n");
});
