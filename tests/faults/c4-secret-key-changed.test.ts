import { expect } from "vitest";
import { describeFault } from "./harness/fault.ts";
import { edited } from "./harness/stage.ts";
import type { Staged } from "./harness/staged.ts";
import { testFaults } from "./harness/whole-environment.ts";

describeFault({
  id: "C4",
  class: "configuration",
  title: "SECRET_KEY changed without fallback: everybody logged out",
  covers:
    "whatever sessions and signed links depend on: the key and its fallbacks, where and how sessions are kept, the cookie, users and how they log in",
});

const READ_KEY = 'SECRET_KEY = environment.required("DJANGO_SECRET_KEY")';
const SECURE = "SESSION_COOKIE_SECURE = not DEBUG";

/** What a visitor's session of the release before is worth in the release that runs: its user, or nobody. */
async function userOfSession(twin: Staged): Promise<string> {
  const script = [
    "from importlib import import_module",
    "from django.conf import settings",
    "from django.contrib.auth import get_user",
    "from django.test import RequestFactory",
    "request = RequestFactory().get('/')",
    "request.COOKIES['sessionid'] = KEY",
    "store = import_module(settings.SESSION_ENGINE).SessionStore",
    "request.session = store(request.COOKIES.get(settings.SESSION_COOKIE_NAME))",
    "print('user:', get_user(request))",
  ].join("\n");
  const { said } = await twin.manage("app", "shell", "-c", `KEY = "${twin.notes["session"] ?? ""}"\n${script}`);
  return /user: (\S+)/.exec(said)?.[1] ?? said;
}

/** Logs the administrator in with the release that runs before the change. */
async function loggedIn(place: Staged): Promise<void> {
  const script = [
    "from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model",
    "from django.contrib.sessions.backends.db import SessionStore",
    "user = get_user_model().objects.get(username='admin')",
    "session = SessionStore()",
    "session[SESSION_KEY] = str(user.pk)",
    "session[BACKEND_SESSION_KEY] = 'django.contrib.auth.backends.ModelBackend'",
    "session[HASH_SESSION_KEY] = user.get_session_auth_hash()",
    "session.save()",
    "print('session:', session.session_key)",
  ].join("\n");
  const { exitCode, said } = await place.manage("app", "shell", "-c", script);
  expect(exitCode, said).toBe(0);
  const key = /session: (\w+)/.exec(said)?.[1] ?? "";
  place.notes["session"] = key;
  place.onReset(() => place.sql(`DELETE FROM django_session WHERE session_key = '${key}'`));
  expect(await userOfSession(place)).toBe("admin");
}

const everybodyIsOut = async (twin: Staged) => {
  expect(await userOfSession(twin)).toBe("AnonymousUser");
};

testFaults([
  {
    title: "the key is derived anew in the code",
    compared: true,
    steps: ["settings"],
    prepared: loggedIn,
    release: {
      changes: edited("airways/settings.py", [
        READ_KEY,
        'SECRET_KEY = "rotated-" + environment.required("DJANGO_SECRET_KEY")',
      ]),
    },
    breaks: everybodyIsOut,
    caught: { id: "sessions.signatures", words: /does not honour what the release before has signed/ },
  },
  {
    title: "sessions are kept in another place",
    compared: true,
    steps: ["settings"],
    prepared: loggedIn,
    release: {
      changes: edited("airways/settings.py", [
        SECURE,
        `SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"\n${SECURE}`,
      ]),
    },
    breaks: everybodyIsOut,
    caught: { id: "sessions.engine", words: /signed_cookies; with the release before it was .*db/ },
  },
  {
    title: "the cookie has another name",
    compared: true,
    steps: ["settings"],
    prepared: loggedIn,
    release: {
      changes: edited("airways/settings.py", [SECURE, `SESSION_COOKIE_NAME = "airways_session"\n${SECURE}`]),
    },
    breaks: everybodyIsOut,
    caught: { id: "sessions.cookie", words: /airways_session/ },
  },
]);
