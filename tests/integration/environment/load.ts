import autocannon from "autocannon";

/** Sends requests at the options' rate until stopped; what became of them is known then. */
export function startLoad(options: autocannon.Options): { readonly stop: () => Promise<autocannon.Result> } {
  let instance: autocannon.Instance;
  const ended = new Promise<autocannon.Result>((resolve, reject) => {
    instance = autocannon(options, (error: Error | null | undefined, result) => {
      if (error) reject(error);
      else resolve(result);
    });
  });
  return {
    stop: async () => {
      instance.stop();
      return await ended;
    },
  };
}
