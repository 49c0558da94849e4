import { expect } from "vitest";
import { describeFault } from "./harness/fault.ts";
import { CLIENT, python } from "./harness/python.ts";
import { edited, LAST_FLIGHTS, migrationFile } from "./harness/stage.ts";
import { testFaults, testFaultsTogether } from "./harness/whole-environment.ts";

describeFault({
  id: "A1-untried",
  class: "behaviour",
  title: "what a single administrator never meets who tries a release by hand",
  covers:
    "searches with brackets, users without rights, many people behind one gateway, days to come, rows of a rare kind, files that requests leave, clients that ask for large pages, what one request leaves to the next, what saving shows",
});

const UNREAD = "Nobody told us anything";

testFaultsTogether([
  {
    title: "a search takes what is typed for a pattern",
    compared: true,
    steps: ["code"],
    release: {
      changes: edited(
        "flights/forms.py",
        ["Q(name__icontains=word)", 'Q(name__iregex=rf"\\m{word}")'],
        ["Q(city__icontains=word)", 'Q(city__iregex=rf"\\m{word}")'],
      ),
    },
    breaks: async (twin) => {
      expect((await twin.get("/airports/?q=Sea")).status).toBe(200);
      expect((await twin.get("/airports/?q=Minto+(New")).status).toBe(500);
    },
    caught: {
      id: "code.request",
      words: /\/airports\/\?q with brackets and quotes: DataError: invalid regular expression/,
    },
  },
  {
    title: "whoever has no rights of the staff may not send what they could",
    compared: true,
    steps: ["code"],
    release: {
      changes: edited("airways/settings.py", [
        "rest_framework.permissions.IsAuthenticatedOrReadOnly",
        "rest_framework.permissions.DjangoModelPermissionsOrAnonReadOnly",
      ]),
    },
    breaks: async (twin) => {
      const status = await python(
        twin,
        `${CLIENT}from django.contrib.auth.models import User; u = User.objects.create(username='partner'); c.force_login(u); print(c.post('/api/v1/remarks/', {}, secure=True).status_code); u.delete()`,
      );
      expect(status).toBe("403");
    },
    caught: { id: "code.request", words: /POST \/api\/v1\/\w+\/ as a user: status 403/ },
  },
  {
    title: "a page of the API may be as large as none asks for",
    compared: true,
    steps: ["code"],
    release: { changes: edited("api/pagination.py", ["max_page_size = 500", "max_page_size = 100"]) },
    breaks: async (twin) => {
      const { body } = await twin.get("/api/v1/airports/?page_size=500");
      expect((JSON.parse(body) as { results: unknown[] }).results).toHaveLength(100);
    },
    caught: { id: "code.answer", words: /\/api\/v1\/airports\/\?page_size=1000: .*it answers otherwise than release/ },
  },
  {
    title: "a form has kept the day on which it was imported",
    release: {
      changes: edited("flights/forms.py", [
        "class RemarkForm(forms.ModelForm):",
        "class RemarkForm(forms.ModelForm):\n    day = forms.DateField(required=False, initial=timezone.localdate())\n",
      ]),
    },
    breaks: async (twin) => {
      const kept = await python(
        twin,
        "from flights.forms import RemarkForm; from datetime import date; print(RemarkForm.base_fields['day'].initial == date.today())",
      );
      // A process of tomorrow says the same as this one, which imported it today.
      expect(kept).toBe("True");
    },
    caught: { id: "image.moments", words: /flights\.forms\.RemarkForm\.day: initial holds that of the import/ },
  },
  {
    title: "an action of editors passes over what pages go by",
    compared: true,
    steps: ["code"],
    release: {
      changes: {
        ...edited(
          "flights/models.py",
          ["return self.filter(status=Remark.Status.PUBLISHED)", "return self.filter(published_at__isnull=False)"],
          [
            "    created_at = models.DateTimeField(default=timezone.now, editable=False)\n\n    objects = RemarkQuerySet.as_manager()",
            "    created_at = models.DateTimeField(default=timezone.now, editable=False)\n    published_at = models.DateTimeField(null=True, blank=True, editable=False)\n\n    objects = RemarkQuerySet.as_manager()",
          ],
          [
            '        return f"{self.get_kind_display()}: {self.subject}"\n',
            '        return f"{self.get_kind_display()}: {self.subject}"\n\n    def save(self, *args, **kwargs) -> None:\n        if self.status == self.Status.PUBLISHED and self.published_at is None:\n            self.published_at = timezone.now()\n        super().save(*args, **kwargs)\n',
          ],
        ),
        "flights/migrations/0008_published_at.py": migrationFile(
          LAST_FLIGHTS,
          'migrations.AddField("remark", "published_at", models.DateTimeField(blank=True, editable=False, null=True)), migrations.RunSQL("UPDATE flights_remark SET published_at = created_at WHERE status = \'published\'", "")',
        ),
      },
    },
    prepared: async (twin) => {
      twin.onReset(async () => {
        await twin.sql(
          `DELETE FROM flights_remark WHERE text = '${UNREAD}'; ALTER TABLE flights_remark DROP COLUMN published_at;
           DELETE FROM django_migrations WHERE name = '0008_published_at'`,
        );
      });
      // What the migration does, and a remark that nobody has read.
      await twin.sql(
        `ALTER TABLE flights_remark ADD COLUMN published_at timestamptz;
         UPDATE flights_remark SET published_at = created_at WHERE status = 'published';
         INSERT INTO django_migrations (app, name, applied) VALUES ('flights', '0008_published_at', now());
         INSERT INTO flights_remark (reference, airport_id, kind, happened_on, text, author_name, author_email, status, created_at)
         SELECT gen_random_uuid(), min(id), 'delay', '2001-01-05', '${UNREAD}', 'Traveller', '', 'received', now()
         FROM flights_airport`,
      );
    },
    breaks: async (twin) => {
      const shown = await python(
        twin,
        `${CLIENT}from flights.models import Remark; of = Remark.objects.filter(text='${UNREAD}'); of.update(status='published'); print('${UNREAD}' in c.get('/', secure=True).content.decode()); of.update(status='received')`,
      );
      expect(shown).toBe("False");
    },
    caught: {
      id: "code.effect",
      words: /POST \/admin\/flights\/remark\/ publish: it succeeds, and \d+ pages? that said/,
    },
  },
  {
    title: "a pattern for names takes ages over one",
    compared: true,
    steps: ["code"],
    release: {
      changes: edited(
        "flights/forms.py",
        ["class AirportSearchForm(", 'NAME = re.compile(r"([^\\W\\d_]+[ .\'’-]*)+")\n\n\nclass AirportSearchForm('],
        ["        if not any(character.isalpha() for character in name):", "        if not NAME.fullmatch(name):"],
        ["from datetime import ", "import re\nfrom datetime import "],
      ),
    },
    breaks: async (twin) => {
      const taken = await python(
        twin,
        "import time; from flights.forms import NAME; began = time.monotonic(); NAME.fullmatch('a' * 26 + '2'); print(time.monotonic() - began > 1)",
      );
      expect(taken).toBe("True");
    },
    caught: { id: "code.request", words: /with long author_name: no answer within 5 s to \d+ letters/ },
  },
  {
    title: "a page knows all kinds of rows but one",
    release: {
      changes: edited("flights/views.py", [
        "            climate=climate_of(airport.city),\n",
        '            climate=climate_of(airport.city),\n            side={"": "", "Northeast": "e", "Midwest": "c", "South": "s", "West": "w"}[airport.region],\n',
      ]),
    },
    steps: ["code"],
    breaks: async (twin) => {
      expect((await twin.get("/airports/SEA/")).status).toBe(200);
      expect((await twin.get("/airports/SJU/")).status).toBe(500);
    },
    caught: { id: "code.request", words: /\/airports\/<id>\/ where region is Territories: KeyError: 'Territories'/ },
  },
  {
    title: "a download leaves its file behind, each time",
    release: {
      changes: edited(
        "reports/downloads.py",
        ["import csv\n", "import csv\nimport tempfile\n"],
        [
          "    writer = csv.writer(_Echo())\n",
          '    tempfile.NamedTemporaryFile(prefix="report-", suffix=".csv", delete=False).close()\n    writer = csv.writer(_Echo())\n',
        ],
      ),
    },
    steps: ["code"],
    breaks: async (twin) => {
      expect((await twin.get("/reports/routes.csv")).status).toBe(200);
      const { said } = await twin.exec("app", ["sh", "-c", "ls /tmp"]);
      expect(said).toMatch(/report-\S+\.csv/);
    },
    caught: {
      id: "code.request",
      words: /\.csv\S* for its files: .*each request leaves a file in \/tmp, such as rep….csv/,
    },
  },
  {
    title: "a page hands on to the next request what it has shown",
    compared: true,
    steps: ["code"],
    release: {
      changes: edited(
        "reports/views.py",
        [
          "\n@require_safe\ndef reports(",
          '\n_BASE: dict[str, Any] = {"delayed_from": DELAYED_FROM_MINUTES}\n\n\n@require_safe\ndef reports(',
        ],
        [
          '    context: dict[str, Any] = {"form": form, "delayed_from": DELAYED_FROM_MINUTES}\n',
          '    context = _BASE\n    context["form"] = form\n',
        ],
      ),
    },
    breaks: async (twin) => {
      const statuses = await python(
        twin,
        `${CLIENT}print([c.get(path, secure=True).status_code for path in ('/reports/', '/reports/?since=x')])`,
      );
      expect(statuses).toBe("[200, 200]");
    },
    caught: {
      id: "code.refusal-gone",
      words: /\/reports\/\?origin.*it is answered; with the release before it was refused/,
    },
  },
]);

// Their limits would hide what the others are seen by.
testFaults([
  {
    title: "all the world is one client to the limit of requests",
    compared: true,
    steps: ["code"],
    release: {
      changes: edited("airways/settings.py", [
        '    "DEFAULT_PAGINATION_CLASS": "api.pagination.Pages",',
        '    "DEFAULT_PAGINATION_CLASS": "api.pagination.Pages",\n    "DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.AnonRateThrottle"],\n    "DEFAULT_THROTTLE_RATES": {"anon": "100/min"},\n    "NUM_PROXIES": 0,',
      ]),
    },
    breaks: async (twin) => {
      const told = await python(
        twin,
        `${CLIENT}print([c.get('/api/v1/', secure=True, REMOTE_ADDR='10.0.0.2', HTTP_X_FORWARDED_FOR=f'198.18.0.{n}').status_code for n in range(1, 110)].count(429) > 0)`,
      );
      expect(told).toBe("True");
    },
    caught: {
      id: "code.request",
      words: /by 130 people: after \d+ people with one request each the next one is told 429/,
    },
  },
  {
    title: "mistyped passwords of anybody lock out everybody",
    compared: true,
    steps: ["code"],
    release: {
      changes: {
        "airways/lockout.py": `
from django.contrib.auth.signals import user_login_failed
from django.core.cache import cache
from django.dispatch import receiver
from django.http import HttpResponse


@receiver(user_login_failed)
def note(sender, request, **kwargs):
    key = f"failed-{request.META['REMOTE_ADDR']}"
    cache.set(key, cache.get(key, 0) + 1, 3600)


def lockout(get_response):
    def middleware(request):
        if request.method == "POST" and cache.get(f"failed-{request.META['REMOTE_ADDR']}", 0) >= 3:
            return HttpResponse("Too many attempts", status=429)
        return get_response(request)

    return middleware
`,
        ...edited("airways/settings.py", [
          '    "django.contrib.auth.middleware.AuthenticationMiddleware",',
          '    "airways.lockout.lockout",\n    "django.contrib.auth.middleware.AuthenticationMiddleware",',
        ]),
      },
    },
    breaks: async (twin) => {
      const told = await python(
        twin,
        `${CLIENT}print([c.post('/admin/login/', {'username': f'somebody-{n}', 'password': 'x'}, secure=True, REMOTE_ADDR='10.0.0.2', HTTP_X_FORWARDED_FOR=f'198.18.0.{n}').status_code for n in range(1, 6)])`,
      );
      expect(told).toBe("[200, 200, 200, 429, 429]");
    },
    caught: { id: "code.request", words: /after 10 mistyped passwords: status 429 for the right password/ },
  },
]);
