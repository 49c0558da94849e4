import { execFile } from "node:child_process";
import { access, chmod, copyFile, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import Docker from "dockerode";
import tarFs from "tar-fs";

const run = promisify(execFile);

/** The tag of an image of two megabytes: a shell, an HTTP server (httpd) and wget, all of them busybox. */
const TINY_IMAGE = "rehearsal-test-tiny:1";

/** Makes the tiny image unless the engine has it. Busybox comes from the machine, or from the distribution's package. */
export async function ensureTinyImage(): Promise<string> {
  const docker = new Docker();
  const known = await docker.listImages({ filters: { reference: [TINY_IMAGE] } });
  if (known.length > 0) return TINY_IMAGE;
  const root = await mkdtemp(path.join(tmpdir(), "tiny-image-"));
  try {
    await buildRoot(root);
    const [repo, tag] = TINY_IMAGE.split(":");
    const archive = tarFs.pack(path.join(root, "image"), { map: (header) => ({ ...header, uid: 0, gid: 0 }) });
    const stream = await docker.importImage(archive as unknown as NodeJS.ReadableStream, { repo, tag });
    await new Promise<void>((resolve, reject) => {
      docker.modem.followProgress(stream, (error) => {
        if (error === null) resolve();
        else reject(error);
      });
    });
  } finally {
    await rm(root, { recursive: true, force: true });
  }
  return TINY_IMAGE;
}

async function buildRoot(root: string): Promise<void> {
  const busybox = await staticBusybox(root);
  const image = path.join(root, "image");
  for (const folder of ["bin", "etc", "srv", "tmp", "run"]) await mkdir(path.join(image, folder), { recursive: true });
  await chmod(path.join(image, "tmp"), 0o1777);
  await copyFile(busybox, path.join(image, "bin", "busybox"));
  await chmod(path.join(image, "bin", "busybox"), 0o755);
  const { stdout } = await run(busybox, ["--list"]);
  for (const applet of stdout.split("\n").filter((name) => name !== "" && name !== "busybox")) {
    await symlink("busybox", path.join(image, "bin", applet));
  }
  await writeFile(path.join(image, "etc", "passwd"), "root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n");
  await writeFile(path.join(image, "etc", "group"), "root:x:0:\nnogroup:x:65534:\n");
}

async function staticBusybox(root: string): Promise<string> {
  const installed = "/bin/busybox";
  if (await isStatic(installed)) return installed;
  await run("apt-get", ["download", "busybox-static"], { cwd: root });
  const [archive] = (await readdir(root)).filter((name) => name.endsWith(".deb"));
  if (archive === undefined) throw new Error("apt-get download busybox-static left no package. Install busybox-static");
  await run("dpkg-deb", ["-x", path.join(root, archive), path.join(root, "package")]);
  for (const candidate of ["bin/busybox", "usr/bin/busybox"]) {
    const file = path.join(root, "package", candidate);
    if (await isStatic(file)) return file;
  }
  throw new Error("The package busybox-static holds no static busybox. Install busybox-static by hand");
}

async function isStatic(file: string): Promise<boolean> {
  try {
    await access(file);
    const { stdout, stderr } = await run("ldd", [file]).catch(
      (error: unknown) => error as { stdout: string; stderr: string },
    );
    return /not a dynamic executable|statically linked/.test(stdout + stderr);
  } catch {
    return false;
  }
}
