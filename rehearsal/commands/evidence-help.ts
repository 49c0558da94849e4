/** What `rehearse evidence --help` prints. */
export const evidenceHelp = `Says whether evidence of a rehearsal holds, or why it is void.

Usage: rehearse evidence verify FILE [--stack STACK | --key PUBLIC.pem]
       rehearse evidence verify --stack STACK

  FILE           evidence as rehearse run writes it: reports/evidence-….json
  --stack STACK  the stack that rehearsed (default: the one that the file names); without FILE its newest evidence
  --key FILE     the stack's public key (output evidencePublicKey) where the stack is not here: signature and steps alone

It holds where the signature is the stack's own and the release, its images, the snapshot and the settings are still those
that were rehearsed. Exit code 0: valid, 1: void or not possible, 2: wrong options.`;
