/** How bad a log says that something is. */
export type Level = "error" | "warning" | "other";

/** One thing that a process has logged, however many lines it took. */
export interface LogEntry {
  readonly level: Level;
  /** What happened, without time, process and the like. */
  readonly message: string;
  /** As it stands in the log, shortened. */
  readonly sample: string;
}

const LONGEST_SAMPLE = 2000;

/** Reads one stream of a process's log, whatever each of its lines is written in. */
export function readEntries(text: string): LogEntry[] {
  const entries: LogEntry[] = [];
  const lines = text.split("\n");
  for (let at = 0; at < lines.length; ) {
    const line = lines[at] ?? "";
    if (line.trim() === "") {
      at++;
      continue;
    }
    const end = endOfEntry(lines, at);
    const block = lines.slice(at, end);
    const read = fromJson(line) ?? fromPostgres(block) ?? fromNginx(line) ?? fromTraceback(block) ?? fromPlain(block);
    entries.push({ ...read, sample: block.join("\n").slice(0, LONGEST_SAMPLE) });
    at = end;
  }
  return entries;
}

type Read = Omit<LogEntry, "sample">;

const TRACEBACK = /^Traceback \(most recent call last\):/;
const CHAINED = /^(?:During handling of the above exception|The above exception was the direct cause)/;
const POSTGRES =
  /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ \S+ \[(\d+)\] .*?\b(DEBUG\d?|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC|DETAIL|HINT|STATEMENT|CONTEXT|QUERY|LOCATION): {1,2}(.*)$/;
const NGINX = /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d \[(\w+)\] \d+#\d+: (.*)$/;

/** Index of the line after an entry: continuation lines and tracebacks belong to what they follow. */
function endOfEntry(lines: readonly string[], start: number): number {
  const first = lines[start] ?? "";
  let at = start + 1;
  const postgres = POSTGRES.exec(first);
  if (postgres !== null) {
    while (at < lines.length && continuesPostgres(lines[at] ?? "", postgres[1] ?? "")) at++;
    return at;
  }
  if (fromJson(first) !== undefined) return at;
  if (!TRACEBACK.test(first)) {
    while (at < lines.length && /^[ \t]+\S/.test(lines[at] ?? "")) at++;
    // What was said before a traceback names what went wrong.
    if (!TRACEBACK.test(lines[at] ?? "")) return at;
  }
  for (;;) {
    while (at < lines.length && (TRACEBACK.test(lines[at] ?? "") || /^[ \t]/.test(lines[at] ?? ""))) at++;
    // The exception itself, at the left edge again.
    if (at < lines.length && /^[\w.]+/.test(lines[at] ?? "") && fromJson(lines[at] ?? "") === undefined) at++;
    let next = at;
    while (next < lines.length && ((lines[next] ?? "").trim() === "" || CHAINED.test(lines[next] ?? ""))) next++;
    if (next === at || !TRACEBACK.test(lines[next] ?? "")) return at;
    at = next;
  }
}

function continuesPostgres(line: string, process: string): boolean {
  if (/^\t/.test(line)) return true;
  const next = POSTGRES.exec(line);
  return (
    next !== null && next[1] === process && ["DETAIL", "HINT", "STATEMENT", "CONTEXT", "QUERY"].includes(next[2] ?? "")
  );
}

function fromJson(line: string): Read | undefined {
  if (!line.startsWith("{")) return undefined;
  let record: Record<string, unknown>;
  try {
    record = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
  const text = (...keys: readonly string[]) => {
    const value = keys
      .map((key) => record[key])
      .find((found) => typeof found === "string" || typeof found === "number");
    return value === undefined ? "" : String(value);
  };
  const status = Number(record["status"]);
  const level = text("level", "levelname", "severity", "log.level", "levelno");
  if (level === "" && status >= 500) {
    return { level: "error", message: `${text("method")} ${text("path", "uri", "url")} answered ${status}` };
  }
  const exception = text("exception", "exc_info", "traceback", "stack", "error.stack_trace");
  const said = [text("logger", "name"), text("message", "msg", "event")].filter((word) => word !== "").join(": ");
  return { level: levelOf(level), message: exception === "" ? said : `${said} | ${lastLine(exception)}` };
}

/**
 * A server that is told to stop says so to each client that is connected, in the words of an error. It is none: somebody
 * restarted it.
 */
const RESTARTS =
  /^(?:terminating connection due to administrator command|the database system is (?:starting up|shutting down|not yet accepting connections))/;
/** The order of texts changed with the C library: indexes on texts may be wrong from now on. */
const COLLATION = /collation version mismatch/;

function fromPostgres(block: readonly string[]): Read | undefined {
  const found = POSTGRES.exec(block[0] ?? "");
  if (found === null) return undefined;
  const [, , severity = "", message = ""] = found;
  if (COLLATION.test(message)) return { level: "error", message };
  if (RESTARTS.test(message)) return { level: "other", message };
  const statement = block.map((line) => POSTGRES.exec(line)).find((line) => line?.[2] === "STATEMENT")?.[3];
  return {
    level: levelOf(severity),
    message: statement === undefined ? message : `${message} | ${statement.split(/\s+/).slice(0, 4).join(" ")}`,
  };
}

/** What is larger than nginx's buffers in memory is written to a file: it warns of each, and all is as it should be. */
const BUFFERED = /is buffered to a temporary file/;

function fromNginx(line: string): Read | undefined {
  const found = NGINX.exec(line);
  if (found === null) return undefined;
  const [, severity = "", message = ""] = found;
  // The rest names the client and the request.
  return {
    level: BUFFERED.test(message) ? "other" : levelOf(severity),
    message: message.replace(/^\*\d+ /, "").replace(/, client: .*$/, ""),
  };
}

function fromTraceback(block: readonly string[]): Read | undefined {
  const at = block.findIndex((line) => TRACEBACK.test(line));
  if (at < 0) return undefined;
  const before = block.slice(0, at).join(" ").trim();
  return { level: "error", message: [before, lastLine(block.join("\n"))].filter((words) => words !== "").join(" | ") };
}

function fromPlain(block: readonly string[]): Read {
  const [line = ""] = block;
  // A level stands near the beginning, in capitals or in brackets.
  const head = line.slice(0, 90);
  const warned = /^\S+:\d+: (\w*Warning): /.exec(line);
  if (warned !== null) return { level: "warning", message: line.slice(line.indexOf(warned[1] ?? "")) };
  const level =
    /\b(CRITICAL|FATAL|PANIC|ERROR|WARNING|WARN|INFO|NOTICE|DEBUG)\b/.exec(head) ??
    /[[<](critical|fatal|error|warning|warn|info|debug)[\]>]/i.exec(head);
  return { level: levelOf(level?.[1] ?? ""), message: line };
}

function levelOf(word: string): Level {
  // The numbers of Python's logging.
  if (/^\d+$/.test(word)) return Number(word) >= 40 ? "error" : Number(word) >= 30 ? "warning" : "other";
  if (/^(?:error|err|critical|crit|fatal|panic|alert|emerg|emergency)$/i.test(word)) return "error";
  return /^(?:warning|warn)$/i.test(word) ? "warning" : "other";
}

function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1)?.trim() ?? "";
}
