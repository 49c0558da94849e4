import { expect } from "vitest";
import { describeFault } from "./harness/fault.ts";
import { edited } from "./harness/stage.ts";
import type { Staged } from "./harness/staged.ts";
import { testFaultsTogether } from "./harness/whole-environment.ts";

describeFault({
  id: "C4-siblings",
  class: "configuration",
  title: "settings that guard less, lose what they are given, or are in another unit",
  covers:
    "middleware, permissions, throttles and rules that are gone from a list, switches that open, stand-ins for development, numbers of another order",
});

const SETTINGS = "airways/settings.py";
const END = 'ETL_ROW_FLOOR = environment.integer("ETL_ROW_FLOOR", 1, minimum=1)\n';

/** What the application makes of a few lines of Python. */
function does(script: string, said: string) {
  return async (twin: Staged) => {
    const ended = await twin.manage("app", "shell", "-c", script);
    expect(ended).toMatchObject({ exitCode: 0, said: expect.stringContaining(said) as string });
  };
}

const COMPARED = { compared: true, steps: ["settings"] } as const;

testFaultsTogether([
  {
    title: "a rule for passwords was taken out",
    ...COMPARED,
    release: {
      changes: edited(SETTINGS, [
        '    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},\n',
        "",
      ]),
    },
    breaks: does(
      "from django.contrib.auth.password_validation import validate_password as v; print('taken', v('836592017465'))",
      "taken None",
    ),
    caught: { id: "settings.guard", words: /AUTH_PASSWORD_VALIDATORS: \S+NumericPasswordValidator is gone/ },
  },
  {
    title: "mail goes to the console",
    ...COMPARED,
    release: {
      changes: edited(SETTINGS, [
        "REFERENCE_DATA = ",
        'EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"\nREFERENCE_DATA = ',
      ]),
    },
    breaks: does(
      "from django.core.mail import send_mail; print('sent', send_mail('Your order', 'is here', None, ['ada@example.com']))",
      "Subject: Your order",
    ),
    caught: { id: "settings.stand-in", words: /EMAIL_BACKEND: it is \S+\.console\.EmailBackend/ },
  },
  {
    title: "links for new passwords are good for three seconds, where days were meant",
    ...COMPARED,
    release: { changes: edited(SETTINGS, [END, `${END}PASSWORD_RESET_TIMEOUT = 3\n`]) },
    breaks: does(
      "import time; from django.contrib.auth.models import User; from django.contrib.auth.tokens import default_token_generator as g; u = User.objects.first(); t = g.make_token(u); time.sleep(5); print('good', g.check_token(u, t))",
      "good False",
    ),
    caught: {
      id: "settings.magnitude",
      words: /PASSWORD_RESET_TIMEOUT: it is 3; with the release before it was 259200/,
    },
  },
]);
