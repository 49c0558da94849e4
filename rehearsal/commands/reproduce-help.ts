/** What `rehearse reproduce --help` prints. */
export const reproduceHelp = `Puts up an environment with the release and the data that production has, to reproduce a bug in.

Usage: rehearse reproduce [--release STACK] [--stack NAME] [--snapshot ID]

  --release STACK  the stack whose release is taken (default: production); it is only read
  --stack NAME     the branch's stack to put up (default: reproduce- and the beginning of the release)
  --snapshot ID    what its database starts from: newest of that stack's snapshots (default), the id of one, none for an
                   empty database

The new stack has the sandbox's settings, with hostnames, ports and networks of its own. Again, it is brought up to date:
another release or snapshot takes the place of the one before. Ctrl-C leaves what was reached; the same command goes on.
Exit code 0: up, 1: not possible, 2: wrong options, 130: interrupted.`;
