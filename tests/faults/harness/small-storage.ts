import Docker from "dockerode";

const DATA = "/var/lib/postgresql/data/pgdata";
const SMALL = "/small";
const START = `cp -a ${DATA} "$PGDATA" && exec postgres-entrypoint "$@"`;

/**
 * An engine on which each database keeps its data on a file system of its own, which has little more room than the data
 * of the image take.
 *
 * @param spareMebibytes what is free when the server starts
 */
export function withLittleStorage(spareMebibytes: number): Docker {
  const engine = new Docker();
  const create = engine.createContainer.bind(engine);
  const createSmall = async (options: Docker.ContainerCreateOptions): Promise<Docker.Container> => {
    const mebibytes = (await dataMebibytes(create, options.Image ?? "")) + spareMebibytes;
    return await create({
      ...options,
      Entrypoint: ["sh", "-c", START, "sh"],
      Env: [...(options.Env ?? []), `PGDATA=${SMALL}/pgdata`],
      HostConfig: {
        ...options.HostConfig,
        Tmpfs: { ...options.HostConfig?.Tmpfs, [SMALL]: `rw,size=${mebibytes}m,uid=999,gid=999,mode=0700` },
      },
    });
  };
  engine.createContainer = createSmall as Docker["createContainer"];
  return engine;
}

async function dataMebibytes(create: Docker["createContainer"], image: string): Promise<number> {
  const container = await create({ Image: image, Entrypoint: ["du", "-sm", DATA], Tty: true });
  try {
    await container.start();
    await container.wait();
    const said = (await container.logs({ stdout: true })).toString("utf8");
    const mebibytes = Number.parseInt(said, 10);
    if (!Number.isFinite(mebibytes)) throw new Error(`${image} must hold data in ${DATA}; du says: ${said}`);
    return mebibytes;
  } finally {
    await container.remove({ force: true });
  }
}
