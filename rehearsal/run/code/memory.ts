import type { Finding } from "../../finding.ts";
import type { CodeOperation } from "../../migration/outgoing-code.ts";
import { bytes } from "../../report/format.ts";

/** How much more than before is no matter of chance, nor of a few rows more. */
const TIMES = 3;
/** An application's task answers about so many requests at a time. */
const AT_ONCE = 8;

/** What the release before did under the same name. */
interface Before {
  readonly error: string | null;
  readonly memory?: number | undefined;
}

/**
 * A request or a job that holds much more at a time than with the release before: all rows of a download, for example.
 *
 * @param before with 0 bytes for few; without any where nobody counted, and undefined where it was not done
 * @param limit bytes that the process's container may have
 */
export function memoryFindings(operation: CodeOperation, before: Before | undefined, limit: number): Finding[] {
  if (!isHungry(operation, before, limit)) return [];
  const earlier = before?.memory ? `it took ${bytes(before.memory)}` : "it took hardly any";
  return [
    {
      id: "code.memory",
      severity: "blocking",
      subject: operation.operation,
      cause: `it takes ${bytes(operation.memory ?? 0)} of memory, of the ${bytes(limit)} that its container may have; with the release before ${earlier}`,
      consequence:
        "A few of them at a time and the kernel ends the process, with all requests that it is at; whoever tries again ends the next one.",
      remedy:
        "Look for rows or files that are held all at once: a list around a query, a file read as a whole. Take them bit by bit (QuerySet.iterator()), and stream what is sent.",
    },
  ];
}

/** Whether an operation takes so much more memory than it did that a few at a time fill its container. */
export function isHungry({ error, memory = 0 }: CodeOperation, before: Before | undefined, limit: number): boolean {
  // What failed has not come to where it takes its memory.
  if (error !== null || before?.error !== null || before.memory === undefined) return false;
  return memory > limit / AT_ONCE && memory >= before.memory * TIMES;
}

/** The memory of an operation that was done twice: the first time it imported modules and filled caches. */
export function leastOf(first: CodeOperation, second: CodeOperation): Pick<CodeOperation, "memory"> {
  return first.memory === undefined ? {} : { memory: Math.min(first.memory, second.memory ?? 0) };
}
