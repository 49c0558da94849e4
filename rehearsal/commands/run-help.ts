/** What `rehearse run --help` prints. */
export const runHelp = `Rehearses the release that an environment runs: is it ready, does it do what it should, is its data sound, what does it
log, what differs from the declaration.

Usage: rehearse run [--stack STACK] [--deploy] [--all | --step ID…] [--production STACK] [--json]

  --stack STACK  the environment (default: sandbox)
  --deploy       runs pulumi up first
  --all          all steps, whatever the regression calendar has today
  --step ID      this step alone; may be given several times, and makes no evidence
  --production STACK  the stack that the release is meant for, which is only read (default: production, where there is one; none)
  --json         print the result as JSON, and the steps on standard error

  prepare   dependencies are pinned, variables are set in every environment, roles log in, migrations are applied, data is there
  pages     every kind of page and answer of the API, with its files and fields, against those of the release before
  code      the release's requests, and reads and writes of every model, on the data that is there; rolled back
  etl       what the worker makes of its input, from an empty database, against the release before
  settings  Django's: whether visitors stay logged in, guards stay up, and numbers keep their units, against the release before
  tests     the project's own tests, written against a URL (setting tests.suites), through the gateway over TLS
  database  rows, indexes, plans and results of main queries, writes in each role, keys, connections, storage
  logs      errors and warnings since the deployment, against those of the release before
  drift     services, containers, networks, files, ports, roles, rights and schema against what is declared
  load      requests while tasks are replaced, back to the release before and here: answers, memory, connections, times
  preflight production, which is only read: variables, certificate, ports, disk, keys, roles, server, backups, migrations, engine

The environment is as it was in the end, but for what the project's tests write: load replaces tasks and puts them back. Neither runs
where database.protect is set. The report, and where all required steps passed the signed evidence, are in reports/.
Exit code 0: passed, 1: stopped or not possible, 2: wrong options, 130: interrupted.`;
