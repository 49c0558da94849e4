import { baseImage } from "./steps/base-image.mjs";
import { browser } from "./steps/browser.mjs";
import { dockerEngine } from "./steps/docker-engine.mjs";
import { node } from "./steps/node.mjs";
import { npmDependencies } from "./steps/npm-dependencies.mjs";
import { plugins } from "./steps/plugins.mjs";
import { pulumiCli } from "./steps/pulumi-cli.mjs";
import { stacks } from "./steps/stacks.mjs";
import { swarmMode } from "./steps/swarm-mode.mjs";

/**
 * The set-up, in the order in which one step needs another.
 * @type {readonly import("./context.mjs").Step[]}
 */
export const steps = [npmDependencies, node, dockerEngine, swarmMode, pulumiCli, plugins, baseImage, browser, stacks];
